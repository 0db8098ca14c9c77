"""Paths and widths against all there are."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from tasker.analysis.antichain import widest
from tasker.analysis.paths import MOST_PATHS, best_paths, count_paths, longest_path
from tasker.analysis.shape import Shape, members
from tests.analysis.graphs import all_paths, edges


@given(edges())
def test_levels_and_what_is_downstream(graph):
    shape = Shape.of(graph)
    paths = all_paths(shape)
    for at, name in enumerate(shape.names):
        before = [path.index(at) for path in paths if at in path]
        assert shape.level[at] == max(before)
        after = {each for path in paths if at in path for each in path[path.index(at) + 1 :]}
        assert set(members(shape.downstream[at])) == after, name
    assert [
        shape.order.index(parent) < shape.order.index(at)
        for at, needed in enumerate(shape.parents)
        for parent in needed
    ].count(False) == 0


@given(edges(), st.data())
def test_the_best_paths_are_those_of_the_greatest_weights(graph, data):
    shape = Shape.of(graph)
    count = len(shape.names)
    weights = data.draw(st.lists(st.integers(-3, 3), min_size=count, max_size=count))
    paths = all_paths(shape)
    assert count_paths(shape) == len(paths)

    def weight(path):
        return sum(weights[at] for at in path)

    best = best_paths(shape, weights, 5)
    assert len(set(best)) == len(best)
    assert set(best) <= set(paths)
    assert [weight(path) for path in best] == sorted(map(weight, paths), reverse=True)[:5]


@given(edges(), st.data())
def test_the_longest_path(graph, data):
    shape = Shape.of(graph)
    count = len(shape.names)
    weights = data.draw(st.lists(st.floats(0, 100), min_size=count, max_size=count))
    paths = all_paths(shape)
    assert len(longest_path(shape)) == max(map(len, paths))
    found = longest_path(shape, weights)
    assert found in paths
    greatest = max(sum(weights[at] for at in path) for path in paths)
    assert abs(sum(weights[at] for at in found) - greatest) < 1e-9


@given(edges())
def test_the_widest_set_is_one_of_steps_that_wait_for_none_of_each_other(graph):
    shape = Shape.of(graph)

    def independent(steps):
        return not any(shape.downstream[a] >> b & 1 for a in steps for b in steps)

    found = widest(shape)
    assert independent(found)
    everything = range(len(shape.names))
    assert not any(map(independent, combinations(everything, len(found) + 1)))


def fewest_chains(shape):
    """How many chains cover a graph: its steps less those that a plain matching joins."""
    before: dict[int, int] = {}

    def joined(at, tried):
        for later in members(shape.downstream[at]):
            if later not in tried:
                tried.add(later)
                if later not in before or joined(before[later], tried):
                    before[later] = at
                    return True
        return False

    return sum(not joined(at, set()) for at in range(len(shape.names)))


@given(edges(most=24))
def test_the_widest_set_has_as_many_steps_as_there_must_be_chains(graph):
    shape = Shape.of(graph)
    assert len(widest(shape)) == fewest_chains(shape)


def test_the_widest_set_may_be_wider_than_any_level():
    shape = Shape.of({"a": (), "b": ("a",), "c": ("b",), "d": (), "e": ("d",), "f": ("d",)})
    assert max(map(len, shape.levels)) == 3
    assert len(widest(shape)) == 3
    uneven = Shape.of({"a": (), "x": (), "b": ("a",), "c": ("b",), "y": ("a",), "z": ("b",)})
    assert max(map(len, uneven.levels)) == 2
    assert len(widest(uneven)) == 4


def test_paths_that_nobody_could_walk_are_counted_up_to_a_limit():
    layers = {
        f"s{i}": tuple(f"s{j}" for j in range((i // 2 - 1) * 2, i // 2 * 2)) if i > 1 else ()
        for i in range(400)
    }
    shape = Shape.of(layers)
    assert count_paths(shape) == MOST_PATHS
    assert [len(path) for path in best_paths(shape, [1] * 400, 5)] == [200] * 5


def test_nothing():
    shape = Shape.of({})
    assert (longest_path(shape), count_paths(shape), best_paths(shape, [], 5)) == ((), 0, [])
    assert widest(shape) == ()
    assert shape.levels == ()


def test_steps_that_one_exchange_has_passed_are_free_for_the_next():
    graph = {
        "s4": (),
        "s5": ("s1", "s2"),
        "s2": (),
        "s6": ("s1", "s4"),
        "s0": (),
        "s3": ("s0", "s1"),
        "s1": ("s0",),
    }
    assert len(widest(Shape.of(graph))) == 3
