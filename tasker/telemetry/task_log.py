"""What an engine logs of tasks and of its store, in the logger ``tasker`` and below it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from tasker.actors.workflow.state import WorkflowState
from tasker.stores.encoding import decode
from tasker.stores.errors import StoreError
from tasker.stores.protocols import JournalStore
from tasker.stores.records import Append, TaskRecord, Transition
from tasker.telemetry.engine_log import logger as engine_logger
from tasker.telemetry.scope import task_fields

logger = logging.getLogger("tasker.tasks")
"""What becomes of tasks and steps; what goes wrong with the engine is in ``tasker``."""

_ERROR = "error"
_ENDED = ("complete", "cancelled", "resolved_manually")


class TaskLog:
    """Logs what becomes of tasks: an observer.

    Failed attempts are warnings, failed tasks errors; that a task was created or came to
    another end is told at the level of debugging, for there are many of them.
    """

    def created(self, task: TaskRecord, at: float) -> None:
        """Log, for those who debug, that a task waits in the store."""
        if logger.isEnabledFor(logging.DEBUG):
            _tell_created(task)

    def taken_up(self, state: WorkflowState, at: float) -> None:
        """Log nothing: it is no change of the task."""

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """Log the failures among transitions that are durable."""
        is_verbose = logger.isEnabledFor(logging.DEBUG)
        for transition in transitions:
            if transition.to_state == _ERROR:
                if transition.step is None:
                    _tell_failed_task(state, transition)
                else:
                    _tell_failed_step(state, transition, at)
            elif is_verbose and transition.step is None:
                _tell_of_task(state, transition)


def _tell_failed_step(state: WorkflowState, transition: Transition, at: float) -> None:
    detail = _detail(transition)
    retry_at = detail.get("retry_at")
    what_next = "no retry" if retry_at is None else f"retry in {max(0.0, retry_at - at):.3g} s"
    logger.warning(
        "step %s failed in attempt %s, %s: %s: %s",
        transition.step,
        transition.attempt,
        what_next,
        detail.get("error_class", "?"),
        detail.get("message", ""),
        extra=_extra(
            state,
            step=transition.step,
            attempt=transition.attempt,
            error_class=detail.get("error_class"),
            retry_at=retry_at,
        ),
    )


def _tell_failed_task(state: WorkflowState, transition: Transition) -> None:
    failed = [record.name for record in state.steps if record.state == _ERROR]
    logger.error(
        "task %s failed: %s",
        f"{state.task.namespace}.{state.task.name}",
        f"in step {', '.join(failed)}" if failed else "it cannot go on",
        extra=_extra(state, failed_steps=failed),
    )


def _tell_of_task(state: WorkflowState, transition: Transition) -> None:
    if transition.from_state is None:
        _tell_created(state.task)
    elif transition.to_state in _ENDED:
        name = f"{state.task.namespace}.{state.task.name}"
        logger.debug("task %s ended: %s", name, transition.to_state, extra=_extra(state))


def _tell_created(task: TaskRecord) -> None:
    fields = {name: value for name, value in task_fields(task).items() if value is not None}
    logger.debug("task %s created", f"{task.namespace}.{task.name}", extra=fields)


def _detail(transition: Transition) -> dict[str, Any]:
    return decode(transition.detail) or {}


def _extra(state: WorkflowState, **more: Any) -> dict[str, Any]:
    fields = {**task_fields(state.task), **more}
    return {name: value for name, value in fields.items() if value is not None}


class LoggedCommits:
    """A journal's store that logs commits which take longer than they should.

    Args:
        store: What commits.
        slow_seconds: How long one may take.
        monotonic: A clock that only goes forward, in seconds.
    """

    def __init__(
        self, store: JournalStore, slow_seconds: float, monotonic: Callable[[], float]
    ) -> None:
        self._store = store
        self._slow = slow_seconds
        self._monotonic = monotonic

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """See `JournalStore.commit`."""
        begun = self._monotonic()
        try:
            return await self._store.commit(appends)
        finally:
            took = self._monotonic() - begun
            if took >= self._slow:
                engine_logger.warning(
                    "a commit of %d appends took %.1f s; everything waits for it",
                    len(appends),
                    took,
                    extra={"commit_seconds": round(took, 3), "appends": len(appends)},
                )

    async def probe(self) -> None:
        """See `JournalStore.probe`."""
        await self._store.probe()
