"""Several observers in the place of one."""

from __future__ import annotations

from collections.abc import Sequence

from tasker.actors.protocols import Observer
from tasker.actors.workflow.state import WorkflowState
from tasker.stores.records import Transition


class Observers:
    """Tells each of some observers, in their order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """Tell of transitions that are durable."""
        for observer in self._observers:
            observer.decided(state, transitions, at)
