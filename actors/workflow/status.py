"""How a task is doing, in the words of the guide's tables."""

from __future__ import annotations

from msgspec import Struct

from tasker.actors.workflow.state import Standing, WorkflowState
from tasker.stores.records import StepState


class ExecutionStatus(Struct, frozen=True, kw_only=True):
    """The figures of a task's steps and what follows from them.

    ``ready_steps`` counts those that may start now, due retries included;
    ``waiting_steps`` those in backoff; ``blocked_steps`` those that failed for
    good (exhausted, not retryable, permanent) or were cancelled.
    ``completion_percentage`` is 100 * done / total, two decimals; 100 for a task
    without steps.
    """

    total_steps: int
    pending_steps: int
    in_progress_steps: int
    completed_steps: int
    failed_steps: int
    cancelled_steps: int
    ready_steps: int
    waiting_steps: int
    blocked_steps: int
    completion_percentage: float
    execution_status: str
    health_status: str
    recommended_action: str


_ACTIONS = {
    "has_ready_steps": "execute_ready_steps",
    "processing": "wait_for_completion",
    "all_complete": "finalize_task",
    "blocked_by_failures": "handle_failures",
    "waiting_for_dependencies": "wait_for_dependencies",
}


def execution_status(state: WorkflowState, now: float) -> ExecutionStatus:
    """Return how a task is doing.

    The first that holds: something is ready; something runs; all is done;
    something is blocked and nothing waits for a retry; else it waits.
    """
    counts = state.counts
    due = sum(
        1
        for index in state.waiting
        if (at := state.steps[index].retry_at) is not None and at <= now
    )
    by_state = dict.fromkeys(StepState, 0)
    for record in state.steps:
        by_state[record.state] += 1
    total, done = len(state.steps), counts[Standing.DONE]
    ready, waiting = counts[Standing.READY] + due, counts[Standing.WAITING] - due
    blocked = counts[Standing.BLOCKED]
    if ready:
        status = "has_ready_steps"
    elif counts[Standing.RUNNING]:
        status = "processing"
    elif done == total:
        status = "all_complete"
    elif blocked and not waiting:
        status = "blocked_by_failures"
    else:
        status = "waiting_for_dependencies"
    return ExecutionStatus(
        total_steps=total,
        pending_steps=by_state[StepState.PENDING],
        in_progress_steps=by_state[StepState.IN_PROGRESS],
        completed_steps=done,
        failed_steps=by_state[StepState.ERROR],
        cancelled_steps=by_state[StepState.CANCELLED],
        ready_steps=ready,
        waiting_steps=waiting,
        blocked_steps=blocked,
        completion_percentage=round(100.0 * done / total, 2) if total else 100.0,
        execution_status=status,
        health_status=_health(by_state, ready=ready, blocked=blocked),
        recommended_action=_ACTIONS[status],
    )


def _health(by_state: dict[StepState, int], *, ready: int, blocked: int) -> str:
    """Nothing failed: healthy. Something can go on: recovering. Something cannot: blocked."""
    if not by_state[StepState.ERROR] and not by_state[StepState.CANCELLED]:
        return "healthy"
    if ready:
        return "recovering"
    return "blocked" if blocked else "recovering"
