"""Levels, order and cycles of the graph that steps make."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasker.definitions import Definition, StepDefinition, build_graph, dependencies_of
from tasker.definitions.graph import ancestors, find_cycle

DIAMOND = {"d": ("b", "c"), "b": ("a",), "c": ("a",), "a": ()}


def test_a_diamond_has_three_levels():
    graph = build_graph(DIAMOND)
    assert graph.levels == (("a",), ("b", "c"), ("d",))
    assert graph.order == ("a", "b", "c", "d")
    assert (graph.roots, graph.leaves) == (("a",), ("d",))
    assert graph.dependents == {"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ()}


def test_a_level_is_the_longest_path():
    graph = build_graph({"a": (), "b": ("a",), "c": ("a", "b"), "lone": ()})
    assert graph.levels == (("a", "lone"), ("b",), ("c",))
    assert graph.leaves == ("c", "lone")


def test_nothing_makes_an_empty_graph():
    assert build_graph({}).order == ()
    assert build_graph({}).roots == ()


def test_dependencies_come_from_the_steps():
    steps = (
        StepDefinition(name="a", handler="m:A"),
        StepDefinition(name="b", handler="m:A", depends_on=("a",)),
    )
    assert dependencies_of(Definition(name="x", steps=steps)) == {"a": (), "b": ("a",)}


def test_a_cycle_is_a_path_along_the_dependencies_from_its_first_step():
    assert find_cycle({"x": ("b",), "a": ("b",), "b": ("c",), "c": ("a",)}) == ("a", "b", "c", "a")
    assert find_cycle({"a": ("a",)}) == ("a", "a")
    assert find_cycle(DIAMOND) is None


def test_what_is_no_graph_is_refused():
    with pytest.raises(ValueError, match="a -> b -> a"):
        build_graph({"a": ("b",), "b": ("a",)})
    with pytest.raises(ValueError, match="'a' depends on 'z'"):
        build_graph({"a": ("z",)})


def test_ancestors_are_all_that_a_step_waits_for():
    assert ancestors(DIAMOND, "d") == {"a", "b", "c"}
    assert ancestors({"a": ("b",), "b": ("a",)}, "a") == {"b"}


@st.composite
def graphs(draw):
    names = [f"s{index}" for index in range(draw(st.integers(1, 12)))]
    return {
        name: tuple(draw(st.sets(st.sampled_from(names[:index])))) if index else ()
        for index, name in enumerate(names)
    }


@given(graphs(), st.data())
def test_every_step_comes_after_what_it_depends_on(dependencies, data):
    shuffled = {name: dependencies[name] for name in data.draw(st.permutations(list(dependencies)))}
    graph = build_graph(shuffled)
    level = {name: index for index, names in enumerate(graph.levels) for name in names}
    assert set(graph.order) == set(dependencies)
    for name, needed in dependencies.items():
        assert level[name] == max((level[each] + 1 for each in needed), default=0)


@given(graphs(), st.data())
def test_a_cycle_is_found_wherever_it_is(dependencies, data):
    name = data.draw(st.sampled_from(list(dependencies)))
    upstream = ancestors(dependencies, name) | {name}
    target = data.draw(st.sampled_from(sorted(upstream)))
    looped = dependencies | {target: (*dependencies[target], name)}
    cycle = find_cycle(looped)
    assert cycle is not None
    assert cycle[0] == cycle[-1]
    for step, dependency in itertools.pairwise(cycle):
        assert dependency in looped[step]
