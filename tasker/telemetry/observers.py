"""Several observers in the place of one, none of which can harm a task or another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tasker.actors.protocols import Observer, Witness
from tasker.actors.workflow.state import WorkflowState
from tasker.stores.records import TaskRecord, Transition
from tasker.telemetry.engine_log import logger


class Observers:
    """Tells an observer, who may hold tasks back, and then some witnesses, in their order.

    What one of them raises stays here: it is counted and logged, the others are told, and
    the task goes on. Handlers of logs and processors of spans are the application's, so
    that nobody can promise that a witness does not raise.

    Args:
        name: What the observer is called in the log and in ``failures``.
        first: The observer.
        witnesses: The others, by name.
    """

    def __init__(self, name: str, first: Observer, **witnesses: Witness) -> None:
        self.failures: Counter[str] = Counter({name: 0, **dict.fromkeys(witnesses, 0)})
        """How often each has failed to take note of something."""
        self._first = first
        # Bound beforehand: `decided` is called at each step of each task.
        all_of_them = {name: first, **witnesses}
        self._created = [(name, each.created) for name, each in all_of_them.items()]
        self._taken_up = [(name, each.taken_up) for name, each in all_of_them.items()]
        self._decided = [(name, each.decided) for name, each in all_of_them.items()]

    @property
    def congested(self) -> bool:
        """Whether some tasks are to wait."""
        return self._first.congested

    async def room(self, task_id: str) -> None:
        """Return when the task may go on."""
        await self._first.room(task_id)

    def created(self, task: TaskRecord, at: float) -> None:
        """Tell of a task that waits in the store."""
        for name, tell in self._created:
            try:
                tell(task, at)
            except Exception as error:
                self._failed(name, task, error)

    def taken_up(self, state: WorkflowState, at: float) -> None:
        """Tell of a task that was loaded from the store."""
        for name, tell in self._taken_up:
            try:
                tell(state, at)
            except Exception as error:
                self._failed(name, state.task, error)

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """Tell of transitions that are durable."""
        for name, tell in self._decided:
            try:
                tell(state, transitions, at)
            except Exception as error:
                self._failed(name, state.task, error)

    def _failed(self, name: str, task: TaskRecord, error: Exception) -> None:
        self.failures[name] += 1
        count = self.failures[name]
        # The 1st, 2nd, 4th, 8th …: one that always fails must not fill the log.
        if count & (count - 1):
            return
        logger.error(
            "task %s goes on, but its %s failed to take note of what it did (%d so far): %s",
            task.task_id,
            name,
            count,
            error,
            exc_info=error,
            extra={"task_id": task.task_id, "witness": name, "failures": count},
        )
