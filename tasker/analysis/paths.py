"""Longest and best paths through a graph, by dynamic programming: none is enumerated."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tasker.analysis.shape import Shape

MOST_PATHS = 10**15
"""A count of paths stops here: it can double with each step."""

_Trail = tuple[int, Any]
"""A step, and the trail that led to it, None at its start."""


def longest_path(shape: Shape, weights: Sequence[float] | None = None) -> tuple[int, ...]:
    """Return the path from a root to a leaf with the greatest sum of weights.

    Args:
        shape: The graph.
        weights: What each step weighs, 0 or more; None for 1 each. Where several paths
            weigh the same, it is the one whose steps come first, seen from its end.
    """
    if not shape.names:
        return ()
    weighs = [1.0] * len(shape.names) if weights is None else weights
    total = [0.0] * len(shape.names)
    for at in shape.order:
        total[at] = weighs[at] + max((total[each] for each in shape.parents[at]), default=0.0)
    at = max(shape.leaves, key=total.__getitem__)
    path = [at]
    while needed := shape.parents[at]:
        at = max(needed, key=total.__getitem__)
        path.append(at)
    return tuple(reversed(path))


def count_paths(shape: Shape) -> int:
    """Return how many paths lead from a root to a leaf, `MOST_PATHS` at most."""
    count = [0] * len(shape.names)
    for at in shape.order:
        ways = sum(count[each] for each in shape.parents[at]) if shape.parents[at] else 1
        count[at] = min(ways, MOST_PATHS)
    return min(sum(count[at] for at in shape.leaves), MOST_PATHS)


def best_paths(shape: Shape, weights: Sequence[int], most: int) -> list[tuple[int, ...]]:
    """Return the paths from a root to a leaf with the greatest sums of weights, best first.

    What is still to come is known exactly at every step, so that the search goes
    straight from one path to the next, however many there are. That takes whole
    numbers: with fractions, paths of equal weight would differ by their rounding, and
    the search would wander among them.
    """
    rest = [0] * len(shape.names)
    for at in reversed(shape.order):
        rest[at] = weights[at] + max((rest[each] for each in shape.children[at]), default=0)

    def ranked(steps: Sequence[int]) -> tuple[int, ...]:
        """Return steps with the one first that leads furthest."""
        return tuple(sorted(steps, key=rest.__getitem__, reverse=True))

    following: dict[int, tuple[int, ...]] = {}
    search = _Search(rest)
    search.offer(_Fork(options=ranked(shape.roots)))
    found: list[tuple[int, ...]] = []
    while len(found) < most and (fork := search.take()) is not None:
        at = fork.options[fork.place]
        search.offer(replace(fork, place=fork.place + 1))
        trail = (at, fork.trail)
        if not shape.children[at]:
            found.append(_steps(trail))
            continue
        if at not in following:
            following[at] = ranked(shape.children[at])
        so_far = fork.so_far + weights[at]
        search.offer(_Fork(options=following[at], so_far=so_far, depth=fork.depth + 1, trail=trail))
    return found


class _Fork(Struct, frozen=True, kw_only=True):
    """A path as far as ``trail``, of which ``options[place]`` and those after it may follow."""

    options: tuple[int, ...]
    place: int = 0
    so_far: int = 0
    depth: int = 0
    trail: _Trail | None = None


class _Search:
    """Forks, those first that can still weigh most; of equal ones the deepest."""

    def __init__(self, rest: Sequence[int]) -> None:
        self._rest = rest
        self._heap: list[tuple[int, int, int, _Fork]] = []
        self._numbers = itertools.count()

    def offer(self, fork: _Fork) -> None:
        """Keep a fork, unless all its options are used up."""
        if fork.place < len(fork.options):
            weight = fork.so_far + self._rest[fork.options[fork.place]]
            heapq.heappush(self._heap, (-weight, -fork.depth, next(self._numbers), fork))

    def take(self) -> _Fork | None:
        """Return the best fork; None when there is none left."""
        return heapq.heappop(self._heap)[-1] if self._heap else None


def _steps(trail: _Trail | None) -> tuple[int, ...]:
    path: list[int] = []
    while trail is not None:
        at, trail = trail
        path.append(at)
    return tuple(reversed(path))
