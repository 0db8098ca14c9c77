"""Operations on a store that another process works: left there, and answered there."""

from __future__ import annotations

import uuid
from typing import Any

import anyio
import msgspec
from msgspec import Raw

import tasker.errors as errors
from tasker.actors.protocols import Clock
from tasker.actors.workflow.messages import AnyOperation
from tasker.errors import NoAnswerError, TaskerError
from tasker.stores.encoding import decode
from tasker.stores.protocols import Store
from tasker.stores.records import CommandRecord, TaskState

LOOK_SECONDS = 0.05


async def operate_remotely(
    store: Store, clock: Clock, task_id: str, operation: AnyOperation, *, timeout_seconds: float
) -> TaskState:
    """Leave an operation for the engine that works the store; return the task's state after it.

    Raises:
        TaskerError: What the engine refused it with.
        NoAnswerError: No answer came in time; the engine does it when it gets to it.
    """
    command_id = str(uuid.uuid4())
    await store.post_command(
        CommandRecord(
            command_id=command_id,
            task_id=task_id,
            operation=type(operation).__name__,
            arguments=Raw(msgspec.json.encode(operation)),
            created_at=clock.now(),
        )
    )
    with anyio.move_on_after(timeout_seconds):
        while True:
            command = await store.get_command(command_id)
            if command is not None and command.outcome is not None:
                return _outcome(decode(command.outcome))
            await clock.sleep(LOOK_SECONDS)
    raise NoAnswerError(url=store.url, timeout_seconds=timeout_seconds)


def _outcome(outcome: dict[str, Any]) -> TaskState:
    error = outcome.get("error")
    if error is None:
        return TaskState(outcome["ok"])
    kind = getattr(errors, error["class"], TaskerError)
    if not (isinstance(kind, type) and issubclass(kind, TaskerError)):
        kind = TaskerError
    refused = kind.__new__(kind)
    Exception.__init__(refused, error["message"])
    refused.__dict__.update(error.get("facts") or {})
    raise refused
