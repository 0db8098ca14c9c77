"""What one append of a task made durable, and what can be read off it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tasker.actors.workflow.state import WorkflowState
from tasker.events.published import Published
from tasker.stores.records import StepRecord, TaskRecord, Transition


class Detail(Struct, frozen=True, kw_only=True):
    """What a transition records beside the states."""

    by: str | None = None
    reason: str | None = None
    error_class: str = ""
    message: str = ""
    permanent: bool = False
    retry_at: float | None = None
    steps: tuple[str, ...] = ()
    events: list[Published] = []


_NOTHING = Detail()
_decode = msgspec.json.Decoder(Detail).decode


class Decided:
    """The task after an append; its changes; and when they were decided, in Unix seconds.

    ``state.undurable`` has the records before it of the steps that changed.
    """

    __slots__ = ("at", "state", "transitions")

    def __init__(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        self.state = state
        self.transitions = transitions
        self.at = at

    def before(self, index: int) -> StepRecord:
        """Return a step's record as it was before."""
        return self.state.undurable.get(index) or self.state.steps[index]

    def after(self, index: int) -> StepRecord:
        """Return a step's record as it is now."""
        return self.state.steps[index]

    def retry_limit(self, index: int) -> int:
        """Return how many attempts a step may have."""
        own = self.state.steps[index].retry_limit
        return self.state.plan.steps[index].retry_limit if own is None else own

    def duration(self, index: int) -> float | None:
        """Return the seconds of the attempt that ended with this, None when none did."""
        started = self.before(index).started_at
        return None if started is None else max(0.0, self.at - started)


def detail_of(transition: Transition) -> Detail:
    """Return what a transition records."""
    return _NOTHING if transition.detail is None else _decode(transition.detail)


def task_facts(task: TaskRecord) -> dict[str, Any]:
    """Return the fields that every event of a task has."""
    return {
        "task_id": task.task_id,
        "correlation_id": task.correlation_id,
        "namespace": task.namespace,
        "task_name": task.name,
        "version": task.version,
    }
