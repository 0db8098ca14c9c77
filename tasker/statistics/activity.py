"""What happened lately, in slices of equal length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tasker.statistics.durations import seconds
from tasker.statistics.figures import Activity, ActivitySlice
from tasker.statistics.telling import HOUR_SECONDS, instant_of
from tasker.stores.records import TaskState
from tasker.stores.times import TaskTimes

_CREATED = "created"
_COLUMNS = {
    TaskState.COMPLETE: "completed",
    TaskState.RESOLVED_MANUALLY: "completed",
    TaskState.ERROR: "failed",
    TaskState.CANCELLED: "cancelled",
}
"""In which column a task counts that came to rest in a state."""


class ActivityTally:
    """Counts the tasks created in the latest hours by when they began and ended.

    Args:
        hours: How far back it goes.
        slices: How many of equal length.
        now_us: Where the last one ends.
    """

    def __init__(self, hours: float, slices: int, now_us: int) -> None:
        self._hours = hours
        self._slices = slices
        self._now_us = now_us
        self._length_us = max(1, round(hours * HOUR_SECONDS * 1e6 / slices))
        self._since_us = now_us - slices * self._length_us
        self._counts: Counter[tuple[int, str]] = Counter()

    def add(self, tasks: Iterable[TaskTimes]) -> None:
        """Take note of tasks."""
        for task in tasks:
            if task.created_us < self._since_us:
                continue
            self._count(task.created_us, _CREATED)
            column = _COLUMNS.get(task.state)
            if column is not None and task.ended_us is not None:
                self._count(task.ended_us, column)

    def activity(self) -> Activity:
        """Return what was counted."""
        return Activity(
            generated_at=instant_of(self._now_us),
            hours=self._hours,
            slice_seconds=seconds(self._length_us),
            slices=tuple(
                ActivitySlice(
                    since=instant_of(self._since_us + at * self._length_us),
                    created=self._counts[at, _CREATED],
                    completed=self._counts[at, "completed"],
                    failed=self._counts[at, "failed"],
                    cancelled=self._counts[at, "cancelled"],
                )
                for at in range(self._slices)
            ),
        )

    def _count(self, at_us: int, column: str) -> None:
        # What happened since the tally was begun belongs to the last slice.
        at = min((at_us - self._since_us) // self._length_us, self._slices - 1)
        self._counts[at, column] += 1
