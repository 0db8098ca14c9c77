"""What is counted, as plain numbers: nothing here knows how it is shown.

They are written by the event loop alone, and read by whoever scrapes, perhaps in another
thread. A reader may see a figure of one step and not yet the next; never a broken one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

DURATION_BOUNDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0),
)
"""Upper bounds of the buckets for times of tasks and steps, in seconds."""
COMMIT_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0)
"""Upper bounds of the buckets for commits, in seconds."""
APPEND_BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0)
"""Upper bounds of the buckets for appends in one commit."""


class Distribution:
    """How many values lay up to each bound, and their sum."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Take a value in. One below zero, by a clock that was set back, counts as zero."""
        if value < 0.0:  # noqa: PLR1730 (max() takes five times as long)
            value = 0.0
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.counts)

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Yield each bound, infinity last, with how many values were not above it."""
        total = 0
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            total += count
            yield bound, total


class StepTally:
    """What became of the attempts of one step of a definition."""

    __slots__ = (
        "backoff_seconds",
        "cancelled",
        "completed",
        "duration",
        "failed",
        "lost",
        "queued",
        "resolved",
        "retried",
        "started",
    )

    def __init__(self, bounds: Sequence[float]) -> None:
        self.started = self.completed = self.failed = self.retried = 0
        self.cancelled = self.resolved = self.lost = 0
        self.backoff_seconds = 0.0
        self.duration = Distribution(bounds)
        self.queued = Distribution(bounds)


class TaskTally:
    """What became of the tasks of one definition."""

    __slots__ = (
        "cancelled",
        "completed",
        "duration",
        "failed",
        "resolved",
        "retried",
        "started",
        "submitted",
    )

    def __init__(self, bounds: Sequence[float]) -> None:
        self.submitted = self.started = self.completed = self.failed = 0
        self.retried = self.cancelled = self.resolved = 0
        self.duration = Distribution(bounds)
