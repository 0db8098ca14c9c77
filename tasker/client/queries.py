"""What a client asks about tasks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from tasker.actors.protocols import Clock
from tasker.client.operations import task_path
from tasker.client.received import history_entry, list_page, read, task_view
from tasker.client.sending import Param, Sender
from tasker.errors import InvalidRequestError
from tasker.reading import (
    MOST_PER_PAGE,
    Action,
    ActionPage,
    Annotation,
    AuditQuery,
    HistoryEntry,
    TaskQuery,
)
from tasker.server.shapes.annotations import Annotations
from tasker.server.shapes.figures import PerformanceReport, StatisticsReport
from tasker.server.shapes.tasks import TaskEvents, TaskPage
from tasker.stores.records import TaskState
from tasker.task_view import TaskListing, TaskListPage, TaskView

if TYPE_CHECKING:
    from tasker.statistics.figures import Performance, Statistics

SERVED_PER_PAGE = 100
"""Tasks that one answer has at most."""


class Queries(Protocol):
    """The verbs of an engine that read; see `tasker.readable.Readable`."""

    _clock: Clock
    _sender: Sender

    async def get(self, task_id: str) -> TaskView:
        """Return a task with its steps as recorded; raises `UnknownTaskError`."""
        answer = await self._sender.send("GET", task_path(task_id))
        return task_view(answer.response, self._clock.now())

    async def list_tasks(
        self, where: TaskQuery | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> TaskListPage:
        """Return a page of tasks, newest first; ``next_cursor`` leads to the next one.

        A page of more than 100 takes several requests.
        """
        _check_limit(limit)
        found: list[TaskListing] = []
        while True:
            size = min(SERVED_PER_PAGE, limit - len(found))
            page = list_page(await self._page(where, cursor=cursor, per_page=size))
            found += page.tasks
            cursor = page.next_cursor
            if cursor is None or len(found) >= limit:
                return TaskListPage(tasks=tuple(found), next_cursor=cursor)

    async def count_tasks(self, where: TaskQuery | None = None) -> dict[TaskState, int]:
        """Return how many of the tasks are in each state; one request for each state."""
        query = where or TaskQuery()
        counts: dict[TaskState, int] = {}
        for state in query.to_filter().states or tuple(TaskState):
            page = await self._page(query, states=(state,), per_page=1)
            if page.pagination.total_count:
                counts[state] = page.pagination.total_count
        return counts

    async def statistics(self, where: TaskQuery | None = None, *, top: int = 10) -> Statistics:
        """Return the figures of the tasks that match: how many, how long, what failed."""
        answer = await self._sender.send(
            "GET", "/analytics/statistics", params={**_params(where), "top": top}
        )
        return read(answer.response, StatisticsReport).statistics

    async def performance(self, where: TaskQuery | None = None) -> Performance:
        """Return how it goes now, and went in the last hour, four hours and day.

        When the tasks were created does not count here.
        """
        params = _params(where)
        del params["created_from"], params["created_until"]
        answer = await self._sender.send("GET", "/analytics/performance", params=params)
        return read(answer.response, PerformanceReport).performance

    async def history(self, task_id: str, *, after_seq: int = 0) -> list[HistoryEntry]:
        """Return every transition of a task and its steps, in order, after ``after_seq``."""
        answer = await self._sender.send(
            "GET", f"{task_path(task_id)}/events", params={"after": after_seq}
        )
        return [history_entry(entry) for entry in read(answer.response, TaskEvents).events]

    async def annotations(self, task_id: str) -> list[Annotation]:
        """Return the notes on a task, oldest first."""
        answer = await self._sender.send("GET", f"{task_path(task_id)}/annotations")
        return list(read(answer.response, Annotations).annotations)

    async def audit(
        self, where: AuditQuery | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> ActionPage:
        """Return a page of who asked for what, newest first.

        A page of more than 100 takes several requests.
        """
        _check_limit(limit)
        query = where or AuditQuery()
        params: dict[str, Param] = {
            "by": query.by,
            "operation": query.operation,
            "task_id": query.task_id,
            "namespace": query.namespace,
            "at_from": _text(query.at_from),
            "at_until": _text(query.at_until),
        }
        found: list[Action] = []
        while True:
            size = min(SERVED_PER_PAGE, limit - len(found))
            paging: dict[str, Param] = {"cursor": cursor, "per_page": size}
            answer = await self._sender.send("GET", "/audit", params={**params, **paging})
            page = read(answer.response, ActionPage)
            found += page.actions
            cursor = page.next_cursor
            if cursor is None or len(found) >= limit:
                return ActionPage(actions=tuple(found), next_cursor=cursor)

    async def _page(
        self,
        where: TaskQuery | None,
        *,
        states: tuple[TaskState, ...] | None = None,
        cursor: str | None = None,
        per_page: int,
    ) -> TaskPage:
        params: dict[str, Param] = {**_params(where), "cursor": cursor, "per_page": per_page}
        if states is not None:
            params["status"] = states
        return read((await self._sender.send("GET", "/tasks", params=params)).response, TaskPage)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidRequestError(f"limit is {limit}; it must be 1 to {MOST_PER_PAGE}")


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _params(where: TaskQuery | None) -> dict[str, Param]:
    """Return a query as the server takes it; raises `InvalidRequestError` for no known state."""
    query = where or TaskQuery()
    kind, key, value = query.annotation or (None, None, None)
    return {
        "namespace": query.namespace,
        "name": query.name,
        "version": query.version,
        "initiator": query.initiator,
        "status": query.to_filter().states,
        "tag": tuple(query.tags),
        "created_from": _text(query.created_from),
        "created_until": _text(query.created_until),
        "annotation_type": kind,
        "annotation_key": key,
        "annotation_value": value,
    }
