"""Whether a task has come to its end, and which failed steps are due again."""

from __future__ import annotations

from tasker.actors.workflow.decision import Draft
from tasker.actors.workflow.state import (
    BLOCKED,
    DONE,
    READY,
    RUNNING,
    WAITING,
    WorkflowState,
)
from tasker.stores.records import StepState, TaskState


def settle(draft: Draft, state: WorkflowState) -> None:
    """End the task if nothing in it can move any more.

    It is complete when every step is done. It is in error when some step is
    blocked or held, and no other is ready, running or waiting for a retry: a
    branch that failed does not stop the others.
    """
    if draft.task_state is not TaskState.IN_PROGRESS or can_move(draft):
        return
    total = len(state.plan.steps)
    if draft.count(DONE) == total:
        draft.move_task(TaskState.COMPLETE)
        return
    blocked = [step.name for step in state.plan.steps if draft.standing(step.index) is BLOCKED]
    draft.move_task(TaskState.ERROR, {"reason": "steps failed", "steps": blocked})


def can_move(draft: Draft) -> bool:
    """Return whether any step is ready, running or waiting for a retry."""
    return bool(draft.count(READY) or draft.count(RUNNING) or draft.count(WAITING))


def reopen_due(draft: Draft, state: WorkflowState) -> None:
    """Make the failed steps whose backoff is over pending again."""
    for index in sorted(state.waiting):
        retry_at = draft.record(index).retry_at
        if retry_at is not None and retry_at <= draft.now:
            draft.move_step(index, StepState.PENDING, {"reason": "retry"}, retry_at=None)
