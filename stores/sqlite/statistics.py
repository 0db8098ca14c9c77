"""Reads for figures over many tasks."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from tasker.stores.records import TaskFilter
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.reads import ABOVE_ALL, conditions
from tasker.stores.sqlite.slice import Slice
from tasker.stores.times import STEPS_A_TASK, TaskTimes, TimesPage

_QUERY = queries("statistics")["task_times"]
_tasks = msgspec.json.Decoder(tuple[TaskTimes, ...]).decode


class StatisticsSlice(Slice):
    """See `StatisticsReader`."""

    async def task_times(
        self,
        where: TaskFilter,
        *,
        after: str = "",
        before: str | None = None,
        limit: int = 500,
    ) -> TimesPage:
        """See `StatisticsReader.task_times`."""
        asked = {
            **conditions(where),
            "after": after,
            "before": ABOVE_ALL if before is None else before,
            "limit": limit,
            "steps_limit": limit * STEPS_A_TASK,
        }
        return await self._reader.read(lambda raw: _page(raw, asked))


def _page(connection: sqlite3.Connection, asked: dict[str, Any]) -> TimesPage:
    looked, kept, last, tasks = connection.execute(_QUERY, asked).fetchone()
    more = kept < looked or looked == asked["limit"]
    return TimesPage(tasks=_tasks(tasks), next_cursor=last if more else None)
