"""Reads for figures over many tasks."""

from __future__ import annotations

import msgspec

from tasker.stores.postgres.reads import conditions
from tasker.stores.postgres.slice import Slice
from tasker.stores.postgres.statements import Statements
from tasker.stores.records import TaskFilter
from tasker.stores.times import STEPS_A_TASK, TaskTimes, TimesPage

_tasks = msgspec.json.Decoder(tuple[TaskTimes, ...]).decode


class StatisticsSlice(Slice):
    """See `StatisticsReader`."""

    _statistics: Statements

    async def task_times(
        self,
        where: TaskFilter,
        *,
        after: str = "",
        before: str | None = None,
        limit: int = 500,
    ) -> TimesPage:
        """See `StatisticsReader.task_times`."""
        ((looked, kept, last, tasks),) = await self._database.rows(
            self._statistics["task_times"],
            **conditions(where),
            after=after,
            before=before,
            limit=limit,
            steps_limit=limit * STEPS_A_TASK,
        )
        more = kept < looked or looked == limit
        return TimesPage(tasks=_tasks(tasks or "[]"), next_cursor=last if more else None)
