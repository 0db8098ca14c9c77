"""What a decision means for the workflow as a whole; None where it means no such thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasker.actors.workflow.state import READY, RUNNING
from tasker.actors.workflow.states import AT_REST, SATISFYING
from tasker.actors.workflow.status import execution_status
from tasker.events.decided import Decided
from tasker.events.event import TaskEvent
from tasker.events.workflow import (
    WorkflowNoViableSteps,
    WorkflowStepsExecutionCompleted,
    WorkflowStepsExecutionStarted,
    WorkflowTaskFinalizationCompleted,
    WorkflowTaskReenqueueDelayed,
    WorkflowTaskReenqueueRequested,
    WorkflowViableStepsDiscovered,
)
from tasker.stores.records import StepState, TaskState

Facts = dict[str, Any]

_OPEN = (StepState.PENDING, StepState.IN_PROGRESS)
_STUCK = (StepState.ERROR, StepState.CANCELLED)


def _attempts_ended(decided: Decided) -> Facts | None:
    states = [
        each.to_state
        for each in decided.transitions
        if each.step is not None and each.from_state == StepState.IN_PROGRESS
    ]
    good, bad = states.count(StepState.COMPLETE), states.count(StepState.ERROR)
    if not good and not bad:
        return None
    return {"processed_count": good + bad, "successful_count": good, "failed_count": bad}


def _viable(decided: Decided) -> Facts | None:
    """The steps that became ready: by the last of their parents, or anew."""
    state, plan = decided.state, decided.state.plan
    if state.head.state is not TaskState.IN_PROGRESS:
        return None
    moves = [each for each in decided.transitions if each.step is not None]
    if len(moves) < len(decided.transitions):
        # The task itself begins or goes on: everything that is ready is offered.
        found = {plan.index[step] for step in _started_steps(decided)} | state.ready
    else:
        pending = (each for each in moves if each.to_state == StepState.PENDING)
        found = {plan.index[str(each.step)] for each in pending}
        for each in moves:
            if each.to_state in SATISFYING:
                children = plan.steps[plan.index[str(each.step)]].dependents
                found.update(child for child in children if not state.remaining[child])
    steps = tuple(
        plan.steps[index].name for index in sorted(found) if state.steps[index].state in _OPEN
    )
    return {"steps": steps, "step_count": len(steps)} if steps else None


def _started(decided: Decided) -> Facts | None:
    steps = _started_steps(decided)
    return {"steps": steps, "step_count": len(steps)} if steps else None


def _started_steps(decided: Decided) -> tuple[str, ...]:
    return tuple(
        each.step
        for each in decided.transitions
        if each.step is not None and each.to_state == StepState.IN_PROGRESS
    )


def _none_viable(decided: Decided) -> Facts | None:
    state = decided.state
    if state.head.state is not TaskState.IN_PROGRESS or not decided.transitions:
        return None
    if state.counts[READY] or state.counts[RUNNING]:
        return None
    names = [step.name for step in state.plan.steps]
    blocked = tuple(
        names[index]
        for index, record in enumerate(state.steps)
        if record.state in _STUCK and record.retry_at is None
    )
    waiting = tuple(names[index] for index in sorted(state.waiting))
    return {"waiting_steps": waiting, "blocked_steps": blocked}


def _finalized(decided: Decided) -> Facts | None:
    state = decided.state
    ended = (each.step is None and each.to_state in AT_REST for each in decided.transitions)
    if state.head.state not in AT_REST or not any(ended):
        return None
    status = execution_status(state, decided.at)
    return {
        "final_state": str(state.head.state),
        **{name: getattr(status, name) for name in _FIGURES},
    }


def _delayed(decided: Decided) -> Facts | None:
    wake_at = decided.state.head.wake_at
    if not _left(decided) or not wake_at:
        return None
    delay = max(0.0, wake_at - decided.at)
    return {"reason": "retry_backoff", "delay_seconds": delay, "scheduled_for": wake_at}


def _handed_back(decided: Decided) -> Facts | None:
    at_once = decided.state.head.wake_at == 0.0
    return {"reason": "handed_back"} if at_once and _left(decided) else None


def _left(decided: Decided) -> bool:
    head = decided.state.head
    return head.owner is None and head.state not in AT_REST


_FIGURES = (
    *("total_steps", "pending_steps", "completed_steps", "failed_steps", "cancelled_steps"),
    *("completion_percentage", "execution_status", "health_status", "recommended_action"),
)

WorkflowFacts = tuple[type[TaskEvent], Callable[[Decided], Facts | None]]

WORKFLOW_FACTS: tuple[WorkflowFacts, ...] = (
    (WorkflowStepsExecutionCompleted, _attempts_ended),
    (WorkflowViableStepsDiscovered, _viable),
    (WorkflowStepsExecutionStarted, _started),
    (WorkflowNoViableSteps, _none_viable),
    (WorkflowTaskFinalizationCompleted, _finalized),
    (WorkflowTaskReenqueueDelayed, _delayed),
    (WorkflowTaskReenqueueRequested, _handed_back),
)
"""In the order in which they are told."""
