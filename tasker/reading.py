"""What can be asked about tasks and what is kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tasker.actors.protocols import Clock
from tasker.actors.workflow.state import WorkflowState
from tasker.definition_shelf import DefinitionShelf
from tasker.errors import InvalidRequestError, UnknownTaskError
from tasker.request import instant
from tasker.stores.encoding import decode
from tasker.stores.protocols import Store
from tasker.stores.records import (
    AnnotationRecord,
    AuditFilter,
    AuditRecord,
    TaskFilter,
    TaskSnapshot,
    TaskState,
)
from tasker.task_view import TaskListPage, TaskView, listing

MOST_PER_PAGE = 1_000


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One transition; ``step`` is None for the task's own."""

    seq: int
    at: datetime
    step: str | None
    from_state: str | None
    to_state: str
    attempt: int | None
    detail: dict[str, Any]


class Annotation(Struct, frozen=True, kw_only=True):
    """A note on a task."""

    type: str
    annotation: dict[str, Any]
    at: datetime


class TaskQuery(Struct, frozen=True, kw_only=True):
    """Which tasks: every field given must hold.

    ``states``: any of them. ``tags``: all of them. ``created_from`` is inclusive,
    ``created_until`` exclusive; both aware. ``annotation`` is (type, key, value).
    """

    namespace: str | None = None
    name: str | None = None
    version: str | None = None
    initiator: str | None = None
    states: Sequence[TaskState | str] = ()
    tags: Sequence[str] = ()
    created_from: datetime | None = None
    created_until: datetime | None = None
    annotation: tuple[str, str, str] | None = None

    def to_filter(self) -> TaskFilter:
        """Return it as stores take it; raises `InvalidRequestError` for no known state."""
        return TaskFilter(
            namespace=self.namespace,
            name=self.name,
            version=self.version,
            initiator=self.initiator,
            states=_states(self.states),
            tags=tuple(self.tags),
            created_from=None if self.created_from is None else self.created_from.timestamp(),
            created_until=None if self.created_until is None else self.created_until.timestamp(),
            annotation=self.annotation,
        )


class Action(Struct, frozen=True, kw_only=True):
    """What somebody asked for: ``operation`` is ``create``, ``cancel`` and so on."""

    at: datetime
    by: str
    operation: str
    task_id: str
    namespace: str
    name: str
    step: str | None
    reason: str | None
    seq: int


class AuditQuery(Struct, frozen=True, kw_only=True):
    """Which actions: every field given must hold.

    ``at_from`` is inclusive, ``at_until`` exclusive; both aware.
    """

    by: str | None = None
    operation: str | None = None
    task_id: str | None = None
    namespace: str | None = None
    at_from: datetime | None = None
    at_until: datetime | None = None


class ActionPage(Struct, frozen=True, kw_only=True):
    """A page of actions, newest first; ``next_cursor`` is None on the last one."""

    actions: tuple[Action, ...]
    next_cursor: str | None


class Reading:
    """Reads from the store, and from tasks in memory, which are newer or the same."""

    def __init__(
        self,
        store: Store,
        shelf: DefinitionShelf,
        clock: Clock,
        resident: Callable[[str], WorkflowState | None],
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._clock = clock
        self._resident = resident

    async def task(self, task_id: str) -> TaskView:
        """Return a task as it is recorded; raises `UnknownTaskError`."""
        snapshot = await self._store.get_task(task_id)
        if snapshot is None:
            raise UnknownTaskError(task_id=task_id)
        return await self._shown(snapshot)

    async def many(self, task_ids: Sequence[str]) -> dict[str, TaskView]:
        """Return those of the tasks that there are, by id, with one read of the store."""
        found = await self._store.get_tasks(task_ids)
        return {snapshot.task.task_id: await self._shown(snapshot) for snapshot in found}

    async def _shown(self, snapshot: TaskSnapshot) -> TaskView:
        definition = await self._shelf.definition_for(snapshot.task)
        plan = self._shelf.outline_for(snapshot.task, definition)
        state = WorkflowState.from_snapshot(snapshot, plan)
        return TaskView(state, definition, self._clock.now())

    async def view(self, state: WorkflowState) -> TaskView:
        """Return the view of a state in memory that is durable."""
        definition = await self._shelf.definition_for(state.task)
        return TaskView(state, definition, self._clock.now())

    async def tasks(self, where: TaskQuery, *, cursor: str | None, limit: int) -> TaskListPage:
        """Return a page of tasks, newest first."""
        _check_limit(limit)
        page = await self._store.list_tasks(_as_shown(where), cursor=cursor, limit=limit)
        return TaskListPage(
            tasks=tuple(listing(task) for task in page.tasks), next_cursor=page.next_cursor
        )

    async def counts(self, where: TaskQuery) -> dict[TaskState, int]:
        """Return how many of the tasks are in each state."""
        return await self._store.count_tasks(_as_shown(where))

    async def history(self, task_id: str, *, after_seq: int = 0) -> list[HistoryEntry]:
        """Return every transition after ``after_seq``, in order; the audit trail."""
        entries: list[HistoryEntry] = []
        after = after_seq
        while records := await self._store.history(task_id, after_seq=after, limit=1_000):
            after = records[-1].seq
            entries += [
                HistoryEntry(
                    seq=record.seq,
                    at=instant(record.at) or datetime.min,
                    step=record.step,
                    from_state=record.from_state,
                    to_state=record.to_state,
                    attempt=record.attempt,
                    detail=decode(record.detail) or {},
                )
                for record in records
            ]
        if not entries and await self._store.get_task(task_id) is None:
            raise UnknownTaskError(task_id=task_id)
        return entries

    async def annotations_of(self, task_ids: Sequence[str]) -> dict[str, list[Annotation]]:
        """Return the notes on those of the tasks that have any, with one read of the store."""
        found = await self._store.annotations_of(task_ids)
        return {task_id: [_note(each) for each in records] for task_id, records in found.items()}

    async def annotations(self, task_id: str) -> list[Annotation]:
        """Return the notes on a task, oldest first; raises `UnknownTaskError`."""
        notes = [_note(record) for record in await self._store.annotations(task_id)]
        if not notes and await self._store.get_task(task_id) is None:
            raise UnknownTaskError(task_id=task_id)
        return notes

    async def audit(self, where: AuditQuery, *, cursor: str | None, limit: int) -> ActionPage:
        """Return a page of who asked for what, newest first."""
        _check_limit(limit)
        page = await self._store.audit(_audit_filter(where), cursor=cursor, limit=limit)
        return ActionPage(
            actions=tuple(_action(each) for each in page.actions), next_cursor=page.next_cursor
        )


def _action(record: AuditRecord) -> Action:
    return Action(
        at=instant(record.at) or datetime.min,
        by=record.by,
        operation=record.operation,
        task_id=record.task_id,
        namespace=record.namespace,
        name=record.name,
        step=record.step,
        reason=record.reason,
        seq=record.seq,
    )


def _audit_filter(where: AuditQuery) -> AuditFilter:
    return AuditFilter(
        by=where.by,
        operation=where.operation,
        task_id=where.task_id,
        namespace=where.namespace,
        at_from=_half_before(None if where.at_from is None else where.at_from.timestamp()),
        at_until=_half_before(None if where.at_until is None else where.at_until.timestamp()),
    )


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidRequestError(f"limit is {limit}; it must be 1 to {MOST_PER_PAGE}")


def _note(record: AnnotationRecord) -> Annotation:
    return Annotation(
        type=record.type,
        annotation=decode(record.annotation),
        at=instant(record.at) or datetime.min,
    )


def _as_shown(where: TaskQuery) -> TaskFilter:
    """Return a query as stores take it, its bounds meant as instants are shown.

    Those are rounded to microseconds, so a task can be recorded up to half of one before
    the instant that it shows; asked for from that instant on, it has to be found.
    """
    found = where.to_filter()
    return replace(
        found,
        created_from=_half_before(found.created_from),
        created_until=_half_before(found.created_until),
    )


def _half_before(at: float | None) -> float | None:
    return None if at is None else at - 0.5e-6


def _states(states: Sequence[TaskState | str]) -> tuple[TaskState, ...]:
    try:
        return tuple(TaskState(state) for state in states)
    except ValueError as error:
        raise InvalidRequestError(
            f"{error}; the states of tasks are {', '.join(TaskState)}"
        ) from error
