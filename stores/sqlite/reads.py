"""Reads of tasks."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from tasker.stores.matching import annotation_text
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
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import json_text, snapshots, summary_from
from tasker.stores.sqlite.slice import Slice
from tasker.stores.stored import history_from

_QUERIES = queries("reads")

ABOVE_ALL = chr(0x10FFFF)
"""The last code point: above every task id, as SQLite compares text by its bytes."""


class ReadSlice(Slice):
    """See `TaskReader`."""

    async def get_task(self, task_id: str) -> TaskSnapshot | None:
        """See `TaskReader.get_task`."""
        found = await self._reader.read(lambda raw: snapshots(raw, [task_id]))
        return found[0] if found else None

    async def get_tasks(self, task_ids: Sequence[str]) -> list[TaskSnapshot]:
        """See `TaskReader.get_tasks`."""
        wanted = list(dict.fromkeys(task_ids))
        return await self._reader.read(lambda raw: snapshots(raw, wanted))

    async def list_tasks(
        self, where: TaskFilter, *, cursor: str | None = None, limit: int = 50
    ) -> TaskPage:
        """See `TaskReader.list_tasks`."""
        asked = {
            **conditions(where),
            "below": ABOVE_ALL if cursor is None else cursor,
            # One more than asked for tells whether there is another page.
            "limit": limit + 1,
        }
        rows = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["list_tasks"], asked).fetchall()
        )
        page = tuple(summary_from(row) for row in rows[:limit])
        more = bool(page) and len(rows) > limit
        return TaskPage(tasks=page, next_cursor=page[-1].task_id if more else None)

    async def count_tasks(self, where: TaskFilter) -> dict[TaskState, int]:
        """See `TaskReader.count_tasks`."""
        is_of_all = msgspec.structs.replace(where, states=()) == TaskFilter()
        query = _QUERIES["count_all_tasks" if is_of_all else "count_tasks"]
        asked = {} if is_of_all else conditions(where)
        rows = await self._reader.read(lambda raw: raw.execute(query, asked).fetchall())
        counts = {TaskState(state): count for state, count in rows}
        if is_of_all and where.states:
            return {state: count for state, count in counts.items() if state in where.states}
        return counts

    async def workload(self, now: float) -> Workload:
        """See `TaskReader.workload`."""
        return await self._reader.read(lambda raw: _workload(raw, now))

    async def history(
        self, task_id: str, *, after_seq: int = 0, limit: int = 10_000
    ) -> list[HistoryRecord]:
        """See `TaskReader.history`."""
        return await self._reader.read(lambda raw: _history(raw, task_id, after_seq, limit))

    async def annotations(self, task_id: str) -> list[AnnotationRecord]:
        """See `TaskReader.annotations`."""
        rows = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["annotations"], (task_id,)).fetchall(),
        )
        return [_annotation(*row) for row in rows]

    async def annotations_of(self, task_ids: Sequence[str]) -> dict[str, list[AnnotationRecord]]:
        """See `TaskReader.annotations_of`."""
        asked = {"task_ids": json_text(tuple(dict.fromkeys(task_ids)))}
        rows = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["annotations_of"], asked).fetchall(),
        )
        found: dict[str, list[AnnotationRecord]] = {}
        for task_id, *row in rows:
            found.setdefault(task_id, []).append(_annotation(*row))
        return found


def register_functions(connection: sqlite3.Connection) -> None:
    """Give the connection the functions that the queries of this slice call."""
    connection.create_function("annotation_text", 2, annotation_text, deterministic=True)


def _workload(connection: sqlite3.Connection, now: float) -> Workload:
    asked = {"now": now}
    ready, oldest = connection.execute(_QUERIES["ready_tasks"], asked).fetchone()
    (sleeping,) = connection.execute(_QUERIES["sleeping_tasks"], asked).fetchone()
    steps = {
        StepState(state): counts
        for state, *counts in connection.execute(_QUERIES["undone_steps"], asked)
    }
    _, retryable, in_backoff = steps.get(StepState.ERROR, (0, 0, 0))
    return Workload(
        ready_tasks=ready,
        oldest_ready_at=oldest,
        sleeping_tasks=sleeping,
        steps={state: count for state, (count, _, _) in steps.items()},
        retryable=retryable,
        in_backoff=in_backoff,
    )


def conditions(where: TaskFilter) -> dict[str, Any]:
    """Return a filter as the parameters of a query."""
    kind, key, value = where.annotation or (None, None, None)
    return {
        "namespace": where.namespace,
        "name": where.name,
        "version": where.version,
        "initiator": where.initiator,
        "states": json_text(where.states) if where.states else None,
        "tags": json_text(where.tags),
        "created_from": where.created_from,
        "created_until": where.created_until,
        "annotation_type": kind,
        "annotation_key": key,
        "annotation_value": value,
    }


def _annotation(kind: str, note: str, at: float) -> AnnotationRecord:
    return AnnotationRecord(type=kind, annotation=msgspec.Raw(note.encode()), at=at)


def _history(
    connection: sqlite3.Connection, task_id: str, after_seq: int, limit: int
) -> list[HistoryRecord]:
    rows = connection.execute(_QUERIES["history"], (task_id, after_seq, limit))
    return [record for row in rows for record in history_from(*row)]
