"""The graph that steps and their dependencies make."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping, Sequence

from msgspec import Struct

from tasker.definitions.definition import Definition

Dependencies = Mapping[str, Sequence[str]]
"""The steps that each step waits for, by name; every step is a key."""


class Graph(Struct, frozen=True, kw_only=True):
    """The shape of a definition's graph, everything in the order of the steps.

    ``levels`` holds, for each distance from the roots, the steps at it: a step's
    level is the length of the longest path to it. ``order`` is a topological order.
    """

    order: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    roots: tuple[str, ...]
    leaves: tuple[str, ...]
    dependents: dict[str, tuple[str, ...]]


def dependencies_of(definition: Definition) -> dict[str, tuple[str, ...]]:
    """The dependencies of each step, by name."""
    return {step.name: step.depends_on for step in definition.steps}


def build_graph(dependencies: Dependencies) -> Graph:
    """Lay out a graph, by Kahn's algorithm, level by level.

    Raises:
        ValueError: The graph has a cycle, or depends on a name that is no step.
    """
    dependents: dict[str, list[str]] = {name: [] for name in dependencies}
    waiting: dict[str, int] = {}
    for name, needed in dependencies.items():
        waiting[name] = len(set(needed))
        for dependency in dict.fromkeys(needed):
            if dependency not in dependents:
                raise ValueError(f"step {name!r} depends on {dependency!r}, which is no step")
            dependents[dependency].append(name)
    rank = {name: index for index, name in enumerate(dependencies)}
    levels: list[tuple[str, ...]] = []
    level = [name for name, count in waiting.items() if count == 0]
    while level:
        levels.append(tuple(level))
        following: list[str] = []
        for name in level:
            for dependent in dependents[name]:
                waiting[dependent] -= 1
                if waiting[dependent] == 0:
                    following.append(dependent)
        level = sorted(following, key=rank.__getitem__)
    order = tuple(name for level_ in levels for name in level_)
    if len(order) < len(dependencies):
        cycle = find_cycle(dependencies) or ()
        raise ValueError(f"the steps depend on each other in a circle: {' -> '.join(cycle)}")
    return Graph(
        order=order,
        levels=tuple(levels),
        roots=levels[0] if levels else (),
        leaves=tuple(name for name in dependencies if not dependents[name]),
        dependents={name: tuple(found) for name, found in dependents.items()},
    )


def find_cycle(dependencies: Dependencies) -> tuple[str, ...] | None:
    """A cycle along the dependencies, closed by its first step, or None.

    It starts at the step of the cycle that comes first, so that the same file
    always gives the same message. Names that are no step are passed over.
    """
    sorter = graphlib.TopologicalSorter(
        {
            name: [each for each in needed if each in dependencies]
            for name, needed in dependencies.items()
        }
    )
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        # graphlib lists each step before the one that depends on it; we follow
        # the dependencies, as the author wrote them.
        path = list(reversed(error.args[1]))[:-1]
        rank = {name: index for index, name in enumerate(dependencies)}
        start = min(range(len(path)), key=lambda index: rank[path[index]])
        cycle = path[start:] + path[:start]
        return (*cycle, cycle[0])
    return None


def ancestors(dependencies: Dependencies, name: str) -> set[str]:
    """Every step that a step waits for, directly or not; never the step itself."""
    found: set[str] = set()
    pending = list(dependencies.get(name, ()))
    while pending:
        step = pending.pop()
        if step not in found:
            found.add(step)
            pending.extend(dependencies.get(step, ()))
    return found - {name}
