"""Following a task to its end, wherever it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from tasker.actors.workflow.states import AT_REST
from tasker.cli.exits import Exit
from tasker.cli.progress import Display
from tasker.cli.service import Service
from tasker.stores.records import TaskState
from tasker.task_view import TaskView

LOOK_SECONDS = 0.2
"""How often a task that another process works is looked at."""

_CODES = {
    TaskState.COMPLETE: Exit.OK,
    TaskState.RESOLVED_MANUALLY: Exit.OK,
    TaskState.CANCELLED: Exit.CANCELLED,
}


async def a_moment() -> None:
    """Wait until it is worth looking again."""
    await anyio.sleep(LOOK_SECONDS)


async def follow(
    service: Service,
    task_id: str,
    display: Display,
    *,
    changed: Callable[[], Awaitable[None]] = a_moment,
) -> TaskView:
    """Show a task until it is at rest, and return it.

    ``changed`` returns when it is worth looking again.
    """
    seq = 0
    while True:
        # In this order: a task at rest has all of its history.
        view = await service.get(task_id)
        entries = await service.history(task_id, after_seq=seq)
        if entries:
            seq = entries[-1].seq
        display.show(view, entries)
        if view.state in AT_REST:
            return view
        await changed()


def exit_code(view: TaskView) -> Exit:
    """Return the exit code of a task's outcome."""
    return _CODES.get(view.state, Exit.ERROR)
