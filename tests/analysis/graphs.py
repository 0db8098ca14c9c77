"""Graphs and tasks to analyse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from tasker.analysis.facts import TaskFacts
from tasker.analysis.shape import Shape
from tests.workflow.rules import NOW, Live, make_plan

LINEAR = {"a": (), "b": ("a",), "c": ("b",)}

Edges = Mapping[str, Sequence[str]]


@st.composite
def edges(draw: st.DrawFn, most: int = 8) -> Edges:
    """Any graph of a few steps, its steps in any order."""
    count = draw(st.integers(1, most))
    names = [f"s{i}" for i in range(count)]
    found = {
        name: tuple(draw(st.sets(st.sampled_from(names[:i])))) if i else ()
        for i, name in enumerate(names)
    }
    return {name: found[name] for name in draw(st.permutations(names))}


def all_paths(shape: Shape) -> list[tuple[int, ...]]:
    """Every path from a root to a leaf, by walking them all."""
    found: list[tuple[int, ...]] = []

    def walk(path: tuple[int, ...]) -> None:
        following = shape.children[path[-1]]
        if not following:
            found.append(path)
        for at in following:
            walk((*path, at))

    for root in shape.roots:
        walk((root,))
    return found


def live(edges: Edges = LINEAR, **steps: Any) -> Live:
    """A task that has begun; ``steps`` holds more of some of them."""
    return Live(make_plan(edges, steps)).begin()


def facts(task: Live) -> TaskFacts:
    return TaskFacts.of(task.state, task.now)


__all__ = ["LINEAR", "NOW", "Edges", "all_paths", "edges", "facts", "live"]
