"""Who works a store, and what a person is told when nobody does."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from tasker.cli.printing import note
from tasker.cli.service import Service
from tasker.cli.settings import Settings
from tasker.stores.records import TaskState

WAITING = (TaskState.PENDING, TaskState.IN_PROGRESS)
"""States that a worker would do something about; a paused task waits for a person."""
LOOKED_AT = 500
"""Newest tasks among which one that waits is looked for: a store may hold millions."""


class Worker(Struct, frozen=True, kw_only=True):
    """The process that works a store."""

    host: str
    pid: int
    started_at: datetime


async def worker_of(service: Service) -> Worker | None:
    """Return the process that works the store; None when nobody does."""
    node = await service.holder()
    if node is None:
        return None
    return Worker(
        host=node.host, pid=node.pid, started_at=datetime.fromtimestamp(node.started_at, UTC)
    )


async def anything_waits(service: Service, shown: Iterable[TaskState]) -> bool:
    """Whether there is work for a worker: among what is shown, or the newest tasks."""
    if any(state in WAITING for state in shown):
        return True
    newest = await service.list_tasks(limit=LOOKED_AT)
    return any(task.state in WAITING for task in newest.tasks)


def note_unworked(settings: Settings, task_id: str | None = None) -> None:
    """Tell that nobody works the store; of a server nothing, since it is who works it."""
    if settings.server_url is None:
        note(unworked(settings, task_id))


def unworked(settings: Settings, task_id: str | None = None) -> str:
    """Return the line that says that nobody works the store, and how to go on."""
    store = f" --store {shlex.quote(settings.store)}" if settings.store else ""
    line = f"nobody works this store; go on with: tasker worker{store}"
    if task_id is not None:
        line += f", or this task alone: {continuing(settings, task_id)}"
    return line


def continuing(settings: Settings, task_id: str) -> str:
    """Return the command that goes on with one task."""
    store = f" --store {shlex.quote(settings.store)}" if settings.store else ""
    return f"tasker run --continue {task_id}{store}"
