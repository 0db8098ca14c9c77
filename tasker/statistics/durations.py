"""Lengths of time, by the million, told exactly in a few figures."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

RUN = 65_536
"""Values that are sorted at once: what is kept beside the compact arrays is no more."""
SECOND_US = 1_000_000


class Distribution(Struct, frozen=True, kw_only=True):
    """How long something took, in seconds; None where it was never measured.

    A percentile is the smallest measured value that at least that share of the
    values do not exceed (nearest rank), so it is one that somebody waited.
    """

    count: int
    total_seconds: float
    mean_seconds: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    max_seconds: float | None


class Bucket(Struct, frozen=True, kw_only=True):
    """How many values are above the previous bucket's bound and not above this one's.

    ``at_most_seconds`` is None for those above the last bound.
    """

    at_most_seconds: float | None
    count: int


class Durations:
    """Lengths in whole microseconds, eight bytes each.

    ``add`` takes note of one, which must not be below 0. Whoever adds many calls
    `settle` now and then, which keeps `Durations` small and ready to be asked.
    """

    __slots__ = ("_open", "_runs", "_total_us", "add")

    def __init__(self) -> None:
        self._runs: list[array[int]] = []
        self._open: array[int] = array("q")
        self._total_us = 0
        # Straight into the array: this happens a dozen times for each task.
        self.add: Callable[[int], None] = self._open.append

    @property
    def total_us(self) -> int:
        """The sum of the lengths."""
        return self._total_us + sum(self._open)

    def settle(self, at_least: int = RUN) -> None:
        """Put what was added in order, when it is that much."""
        if len(self._open) >= at_least:
            self._total_us += sum(self._open)
            self._runs.append(array("q", sorted(self._open)))
            del self._open[:]

    @classmethod
    def joined(cls, parts: Iterable[Durations]) -> Durations:
        """Return the lengths of all the parts, which it shares and does not copy."""
        whole = cls()
        for part in parts:
            whole._runs += part._sorted()
            whole._total_us += part._total_us
        return whole

    def distribution(self) -> Distribution:
        """Return the figures."""
        runs = self._sorted()
        count = sum(map(len, runs))
        if not count:
            return Distribution(
                count=0,
                total_seconds=0.0,
                mean_seconds=None,
                p50_seconds=None,
                p95_seconds=None,
                p99_seconds=None,
                max_seconds=None,
            )
        p50, p95, p99, longest = (_smallest(runs, -(-count * p // 100)) for p in (50, 95, 99, 100))
        return Distribution(
            count=count,
            total_seconds=seconds(self.total_us),
            mean_seconds=seconds(self.total_us) / count,
            p50_seconds=seconds(p50),
            p95_seconds=seconds(p95),
            p99_seconds=seconds(p99),
            max_seconds=seconds(longest),
        )

    def buckets(self, bounds: Sequence[float]) -> tuple[Bucket, ...]:
        """Return how many values lie between ascending bounds, which are in seconds."""
        runs = self._sorted()
        found, before = [], 0
        for bound in bounds:
            count = _count(runs, round(bound * SECOND_US))
            found.append(Bucket(at_most_seconds=bound, count=count - before))
            before = count
        rest = sum(map(len, runs)) - before
        return (*found, Bucket(at_most_seconds=None, count=rest))

    def _sorted(self) -> list[array[int]]:
        self.settle(at_least=1)
        return self._runs


def seconds(length_us: int) -> float:
    """Return microseconds in seconds."""
    return length_us / SECOND_US


def _smallest(runs: Sequence[array[int]], rank: int) -> int:
    """Return the value of this rank, from 1, in sorted runs.

    By bisection over the whole numbers between the least and the greatest value: it
    takes some fifty looks into each run, and no memory, where merging takes both.
    """
    low, high = min(run[0] for run in runs), max(run[-1] for run in runs)
    while low < high:
        middle = (low + high) // 2
        if _count(runs, middle) >= rank:
            high = middle
        else:
            low = middle + 1
    return low


def _count(runs: Sequence[array[int]], at_most: int) -> int:
    return sum(bisect_right(run, at_most) for run in runs)
