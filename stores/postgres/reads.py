"""Reads of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tasker.stores.postgres.driver import Row
from tasker.stores.postgres.rows import names_text, snapshot_from, summary_from
from tasker.stores.postgres.slice import Slice
from tasker.stores.records import (
    AnnotationRecord,
    HistoryRecord,
    StepState,
    TaskFilter,
    TaskPage,
    TaskSnapshot,
    TaskState,
    Workload,
)
from tasker.stores.stored import history_from

_counts = msgspec.json.Decoder(list[tuple[StepState, int, int, int]]).decode


class ReadSlice(Slice):
    """See `TaskReader`."""

    async def get_task(self, task_id: str) -> TaskSnapshot | None:
        """See `TaskReader.get_task`."""
        found = await self.get_tasks([task_id])
        return found[0] if found else None

    async def get_tasks(self, task_ids: Sequence[str]) -> list[TaskSnapshot]:
        """See `TaskReader.get_tasks`."""
        rows = await self._database.rows(self._reads["tasks"], task_ids=list(task_ids))
        return [snapshot_from(row) for row in rows]

    async def list_tasks(
        self, where: TaskFilter, *, cursor: str | None = None, limit: int = 50
    ) -> TaskPage:
        """See `TaskReader.list_tasks`."""
        # One more than asked for tells whether there is another page.
        rows = await self._database.rows(
            self._reads["list_tasks"], **conditions(where), below=cursor, limit=limit + 1
        )
        page = tuple(summary_from(row) for row in rows[:limit])
        more = bool(page) and len(rows) > limit
        return TaskPage(tasks=page, next_cursor=page[-1].task_id if more else None)

    async def count_tasks(self, where: TaskFilter) -> dict[TaskState, int]:
        """See `TaskReader.count_tasks`."""
        if msgspec.structs.replace(where, states=()) == TaskFilter():
            counts = await self._count_all()
            states = where.states or tuple(TaskState)
            return {state: counts[state] for state in states if counts[state]}
        rows = await self._database.rows(self._reads["count_tasks"], **conditions(where))
        return {TaskState(state): count for state, count in rows}

    async def workload(self, now: float) -> Workload:
        """See `TaskReader.workload`."""
        ((ready, oldest, sleeping, counted),) = await self._database.rows(
            self._reads["workload"], now=now
        )
        steps = {state: counts for state, *counts in _counts(counted or "[]")}
        _, retryable, in_backoff = steps.get(StepState.ERROR, (0, 0, 0))
        return Workload(
            ready_tasks=ready,
            oldest_ready_at=oldest,
            sleeping_tasks=sleeping,
            steps={state: count for state, (count, _, _) in steps.items()},
            retryable=retryable,
            in_backoff=in_backoff,
        )

    async def history(
        self, task_id: str, *, after_seq: int = 0, limit: int = 10_000
    ) -> list[HistoryRecord]:
        """See `TaskReader.history`."""
        rows = await self._database.rows(
            self._reads["history"], task_id=task_id, after_seq=after_seq, limit=limit
        )
        return [record for row in rows for record in history_from(*row)]

    async def annotations(self, task_id: str) -> list[AnnotationRecord]:
        """See `TaskReader.annotations`."""
        return (await self.annotations_of([task_id])).get(task_id, [])

    async def annotations_of(self, task_ids: Sequence[str]) -> dict[str, list[AnnotationRecord]]:
        """See `TaskReader.annotations_of`."""
        rows = await self._database.rows(self._reads["annotations"], task_ids=list(task_ids))
        found: dict[str, list[AnnotationRecord]] = {}
        for task_id, kind, note, at in rows:
            record = AnnotationRecord(type=kind, annotation=msgspec.Raw(note.encode()), at=at)
            found.setdefault(task_id, []).append(record)
        return found

    async def _count_all(self) -> dict[TaskState, int]:
        (row,) = await self._database.rows(self._reads["count_all_tasks"])
        return {TaskState(state): count for state, count in _named(row).items()}


def conditions(where: TaskFilter) -> dict[str, Any]:
    """Return a filter as the parameters of a query."""
    kind, key, value = where.annotation or (None, None, None)
    return {
        "namespace": where.namespace,
        "name": where.name,
        "version": where.version,
        "initiator": where.initiator,
        "states": [state.value for state in where.states] or None,
        "tags": names_text(where.tags),
        "created_from": where.created_from,
        "created_until": where.created_until,
        "annotation_type": kind,
        "annotation_key": key,
        "annotation_value": value,
    }


def _named(row: Row) -> dict[str, int]:
    return dict(row.items())
