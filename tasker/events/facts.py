"""The facts in the events of tasks and steps, beside those that all of them have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasker.actors.workflow.state import DONE
from tasker.events.decided import Decided, Detail
from tasker.events.event import TaskEvent
from tasker.events.step import (
    StepCancelled,
    StepCompleted,
    StepExecutionRequested,
    StepFailed,
    StepResolvedManually,
    StepRetryRequested,
)
from tasker.events.task import (
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskResolvedManually,
    TaskResumed,
    TaskRetryRequested,
    TaskStartRequested,
)
from tasker.stores.records import StepRecord, StepState, TaskState, Transition

Facts = dict[str, Any]

# To look a member of an enumeration up costs as much as half an event.
_IN_PROGRESS, _PAUSED, _COMPLETE = TaskState.IN_PROGRESS, TaskState.PAUSED, TaskState.COMPLETE


def task_kind(transition: Transition) -> type[TaskEvent]:
    """Return the event of a change of a task's state; not of its creation."""
    new = transition.to_state
    if new == _IN_PROGRESS:
        return TaskResumed if transition.from_state == _PAUSED else TaskStartRequested
    return TaskCompleted if new == _COMPLETE else _TASK_KINDS[new]


def _started(decided: Decided, detail: Detail) -> Facts:
    created_at = decided.state.task.created_at
    return {
        "total_steps": len(decided.state.steps),
        "queued_seconds": max(0.0, decided.at - created_at),
    }


def _completed(decided: Decided, detail: Detail) -> Facts:
    started, facts = decided.state.head.started_at, _progress(decided)
    facts["duration_seconds"] = 0.0 if started is None else max(0.0, decided.at - started)
    return facts


def _failed(decided: Decided, detail: Detail) -> Facts:
    failed = [
        record
        for record in decided.state.steps
        if record.state is StepState.ERROR and record.error is not None
    ]
    last = max(failed, key=lambda record: record.ended_at or 0.0, default=None)
    error = None if last is None else last.error
    return {
        **_completed(decided, detail),
        "failed_steps": detail.steps or tuple(record.name for record in failed),
        "reason": detail.reason,
        "error_class": None if error is None else error.error_class,
        "error_message": None if error is None else error.message,
    }


def _cancelled(decided: Decided, detail: Detail) -> Facts:
    return {**_progress(decided), "by": detail.by, "reason": detail.reason}


def _asked(decided: Decided, detail: Detail) -> Facts:
    return {"by": detail.by, "reason": detail.reason}


def _progress(decided: Decided) -> Facts:
    state = decided.state
    return {"total_steps": len(state.steps), "completed_steps": state.counts[DONE]}


TASK_FACTS: Mapping[type[TaskEvent], Callable[[Decided, Detail], Facts]] = {
    TaskStartRequested: _started,
    TaskCompleted: _completed,
    TaskFailed: _failed,
    TaskCancelled: _cancelled,
    TaskRetryRequested: _asked,
    TaskResolvedManually: _asked,
    TaskPaused: _asked,
    TaskResumed: _asked,
}

_TASK_KINDS: Mapping[str, type[TaskEvent]] = {
    TaskState.PENDING: TaskRetryRequested,
    TaskState.ERROR: TaskFailed,
    TaskState.CANCELLED: TaskCancelled,
    TaskState.RESOLVED_MANUALLY: TaskResolvedManually,
    TaskState.PAUSED: TaskPaused,
}


def _step_started(decided: Decided, index: int, detail: Detail) -> Facts:
    return {
        "retry_limit": decided.retry_limit(index),
        "queued_seconds": _queued(decided.after(index)),
        "depends_on": decided.state.plan.parents[index],
    }


def _step_completed(decided: Decided, index: int, detail: Detail) -> Facts:
    return {
        "retry_limit": decided.retry_limit(index),
        "queued_seconds": _queued(decided.before(index)),
        "duration_seconds": decided.duration(index),
    }


def _step_failed(decided: Decided, index: int, detail: Detail) -> Facts:
    # No later attempt can have failed yet: it starts only once this decision is durable.
    error = decided.after(index).error
    return {
        "retry_limit": decided.retry_limit(index),
        "duration_seconds": decided.duration(index),
        "error_class": detail.error_class,
        "error_message": detail.message,
        "error_code": None if error is None else error.error_code,
        "permanent": detail.permanent,
        "retry_at": detail.retry_at,
        "backtrace": () if error is None else error.backtrace,
    }


def _step_retried(decided: Decided, index: int, detail: Detail) -> Facts:
    attempts = decided.before(index).attempts
    return {"by": detail.by, "reason": detail.reason, "previous_attempts": attempts}


def _step_asked(decided: Decided, index: int, detail: Detail) -> Facts:
    return {"by": detail.by, "reason": detail.reason}


def _queued(record: StepRecord) -> float | None:
    if record.started_at is None or record.ready_at is None:
        return None
    return max(0.0, record.started_at - record.ready_at)


STEP_FACTS: Mapping[str, tuple[type[TaskEvent], Callable[[Decided, int, Detail], Facts]]] = {
    StepState.PENDING: (StepRetryRequested, _step_retried),
    StepState.IN_PROGRESS: (StepExecutionRequested, _step_started),
    StepState.COMPLETE: (StepCompleted, _step_completed),
    StepState.ERROR: (StepFailed, _step_failed),
    StepState.CANCELLED: (StepCancelled, _step_asked),
    StepState.RESOLVED_MANUALLY: (StepResolvedManually, _step_asked),
}
