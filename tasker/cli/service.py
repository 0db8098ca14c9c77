"""What commands need of an engine, wherever it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import click

from tasker.cli.settings import Settings
from tasker.engine import Engine
from tasker.operator import Operator
from tasker.reading import ActionPage, Annotation, AuditQuery, HistoryEntry, TaskQuery
from tasker.request import TaskRequest
from tasker.stores.records import NodeRecord, TaskState
from tasker.stores.urls import make_store
from tasker.task_view import TaskListPage, TaskView

if TYPE_CHECKING:
    from tasker.sources import Source
    from tasker.statistics.figures import Performance, Statistics
    from tasker.subscriptions import DeadLetter, SubscriptionView

ALONE = "memory:// is seen by one process alone; name a file, as in sqlite:///tasker.db"


class SubscriptionVerbs(Protocol):
    """What there is to do with durable subscriptions; see `Subscriptions`, which is one."""

    async def all(self) -> list[SubscriptionView]:
        """Return them by name."""

    async def dead_letters(
        self, name: str | None = None, *, limit: int = 1_000
    ) -> list[DeadLetter]:
        """Return what could not be delivered."""

    async def redeliver(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """Deliver dead letters again."""

    async def discard(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """Delete dead letters."""

    async def suspend(self, name: str, reason: str = "asked for") -> None:
        """Deliver nothing."""

    async def resume(self, name: str) -> None:
        """Deliver again."""

    async def remove(self, name: str) -> None:
        """End a subscription."""


class Service(Operator, Protocol):
    """Tasks: to submit, to look at, to operate on. See `Engine`, which is one."""

    @property
    def subscriptions(self) -> SubscriptionVerbs:
        """The durable subscriptions."""

    async def submit(self, request: TaskRequest) -> str:
        """Make a task durable and return its id."""

    async def get(self, task_id: str) -> TaskView:
        """Return a task with its steps."""

    async def list_tasks(
        self, where: TaskQuery | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> TaskListPage:
        """Return a page of tasks, newest first."""

    async def count_tasks(self, where: TaskQuery | None = None) -> dict[TaskState, int]:
        """Return how many of the tasks are in each state."""

    async def statistics(self, where: TaskQuery | None = None, *, top: int = 10) -> Statistics:
        """Return the figures of the tasks that match."""

    async def performance(self, where: TaskQuery | None = None) -> Performance:
        """Return how it goes now, and went lately."""

    async def history(self, task_id: str, *, after_seq: int = 0) -> list[HistoryEntry]:
        """Return the transitions of a task after a number."""

    async def annotations(self, task_id: str) -> list[Annotation]:
        """Return the notes on a task."""

    async def audit(
        self, where: AuditQuery | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> ActionPage:
        """Return a page of who asked for what, newest first."""

    async def holder(self) -> NodeRecord | None:
        """Return the process that works the store, or None."""


@asynccontextmanager
async def connect(
    settings: Settings, *, create: bool = False, sources: Iterable[Source] = ()
) -> AsyncIterator[Service]:
    """Reach the tasks that the settings name, in a store or by a server.

    Args:
        settings: Where they are.
        create: Whether a store that is absent is made.
        sources: Definitions, where tasks are submitted; a server has its own.

    Raises:
        StoreMissingError: There is no such store, and none was to be made.
        UsageError: It is one that no other process can see.
        ClientConfigError: The server's URL or the token cannot be.
    """
    if settings.server_url is not None:
        from tasker.cli.served import Served

        async with Served(settings.server_url) as client:
            yield client
        return
    async with open_store(settings, create=create, sources=sources) as engine:
        yield engine


@asynccontextmanager
async def open_store(
    settings: Settings, *, create: bool = False, sources: Iterable[Source] = ()
) -> AsyncIterator[Engine]:
    """Open an engine that does no work on the store that the settings name; see `connect`."""
    if settings.in_memory:
        raise click.UsageError(ALONE)
    store = make_store(settings.store_url, create=create)
    async with Engine.open(store, definitions=sources, work=False) as engine:
        yield engine
