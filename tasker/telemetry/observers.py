"""Several observers in the place of one."""

from __future__ import annotations

from collections.abc import Sequence

from tasker.actors.protocols import Observer, Witness
from tasker.actors.workflow.state import WorkflowState
from tasker.stores.records import TaskRecord, Transition


class Observers:
    """Tells an observer, who may hold tasks back, and then some witnesses, in their order."""

    def __init__(self, first: Observer, *witnesses: Witness) -> None:
        self._first = first
        self._all: tuple[Witness, ...] = (first, *witnesses)

    @property
    def congested(self) -> bool:
        """Whether some tasks are to wait."""
        return self._first.congested

    async def room(self, task_id: str) -> None:
        """Return when the task may go on."""
        await self._first.room(task_id)

    def created(self, task: TaskRecord, at: float) -> None:
        """Tell of a task that waits in the store."""
        for each in self._all:
            each.created(task, at)

    def taken_up(self, state: WorkflowState, at: float) -> None:
        """Tell of a task that was loaded from the store."""
        for each in self._all:
            each.taken_up(state, at)

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """Tell of transitions that are durable."""
        for each in self._all:
            each.decided(state, transitions, at)
