"""What an engine tells of the tasks in its store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from tasker.actors.protocols import Clock
from tasker.reading import (
    ActionPage,
    Annotation,
    AuditQuery,
    HistoryEntry,
    Reading,
    TaskQuery,
)
from tasker.stores.leases import NodeStatus
from tasker.stores.protocols import Store
from tasker.stores.records import NodeRecord, TaskState
from tasker.task_view import TaskListPage, TaskView

if TYPE_CHECKING:
    from tasker.statistics.figures import Activity, Performance, Statistics
    from tasker.statistics.reading import StatisticsReading


class Readable(Protocol):
    """The verbs of an engine that read. All raise `EngineClosedError` when it is not open."""

    _clock: Clock
    _reading: Reading
    _store: Store

    async def get(self, task_id: str) -> TaskView:
        """Return a task with its steps as recorded; raises `UnknownTaskError`."""
        self._check_open("read a task")
        return await self._reading.task(task_id)

    async def get_many(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        """Return those of the tasks that there are, by id, with one read of the store."""
        self._check_open("read tasks")
        return await self._reading.many(task_ids)

    async def list_tasks(
        self,
        where: TaskQuery | None = None,
        *,
        cursor: str | None = None,
        limit: int = 50,
    ) -> TaskListPage:
        """Return a page of tasks, newest first; ``next_cursor`` leads to the next one."""
        self._check_open("list tasks")
        return await self._reading.tasks(where or TaskQuery(), cursor=cursor, limit=limit)

    async def count_tasks(self, where: TaskQuery | None = None) -> dict[TaskState, int]:
        """Return how many of the tasks are in each state."""
        self._check_open("count tasks")
        return await self._reading.counts(where or TaskQuery())

    async def statistics(self, where: TaskQuery | None = None, *, top: int = 10) -> Statistics:
        """Return the figures of the tasks that match: how many, how long, what failed.

        ``created_from`` and ``created_until`` of the query are the period; ``top``,
        1 to 1,000, is how long the lists of the slowest are.

        Raises:
            InvalidRequestError: The period is empty, or ``top`` is out of bounds.
        """
        self._check_open("read statistics")
        return await self._figures().statistics(where or TaskQuery(), top=top)

    async def performance(self, where: TaskQuery | None = None) -> Performance:
        """Return how it goes now, and went in the last hour, four hours and day.

        The query's ``created_from`` and ``created_until`` do not count here.
        """
        self._check_open("read the performance")
        return await self._figures().performance(where or TaskQuery())

    async def activity(
        self, where: TaskQuery | None = None, *, hours: float = 1.0, slices: int = 60
    ) -> Activity:
        """Return what was created and came to rest lately, in slices of equal length.

        The query's ``created_from`` and ``created_until`` do not count here.

        Raises:
            InvalidRequestError: ``hours`` is not positive, or ``slices`` not 1 to 1,000.
        """
        self._check_open("read the activity")
        return await self._figures().activity(where or TaskQuery(), hours=hours, slices=slices)

    async def history(self, task_id: str, *, after_seq: int = 0) -> list[HistoryEntry]:
        """Return every transition of a task and its steps, in order, after ``after_seq``."""
        self._check_open("read a task's history")
        return await self._reading.history(task_id, after_seq=after_seq)

    async def holder(self) -> NodeRecord | None:
        """Return the process that works the store, this one or another; None when nobody does."""
        self._check_open("ask who works the store")
        return await self._store.holder()

    async def nodes(self) -> list[NodeStatus]:
        """Return the processes that work the store, those that began first being first."""
        self._check_open("ask who works the store")
        return await self._store.nodes()

    async def annotations(self, task_id: str) -> list[Annotation]:
        """Return the notes on a task, oldest first."""
        self._check_open("read a task's annotations")
        return await self._reading.annotations(task_id)

    async def annotations_of(self, task_ids: Sequence[str]) -> dict[str, list[Annotation]]:
        """Return the notes on those of the tasks that have any, with one read of the store."""
        self._check_open("read the annotations of tasks")
        return await self._reading.annotations_of(task_ids)

    async def audit(
        self, where: AuditQuery | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> ActionPage:
        """Return a page of who asked for what, newest first: what was asked for with ``by``."""
        self._check_open("read the audit")
        return await self._reading.audit(where or AuditQuery(), cursor=cursor, limit=limit)

    def _figures(self) -> StatisticsReading:
        # Not needed by most programs, so not imported with the engine.
        from tasker.statistics.reading import StatisticsReading

        return StatisticsReading(self._store, self._clock)

    def _check_open(self, operation: str) -> None:
        raise NotImplementedError
