"""What an operation changes, given that the table allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from tasker.actors.workflow.decision import Decision, Draft
from tasker.actors.workflow.errors import InvalidOperationError, UnknownStepError
from tasker.actors.workflow.messages import (
    Annotate,
    AnyOperation,
    Cancel,
    CancelStep,
    Operation,
    Pause,
    ResetAttempts,
    ResolveStep,
    ResolveTask,
    Resume,
    Retry,
    UpdateStep,
    UpdateTask,
)
from tasker.actors.workflow.operations import (
    OPERATIONS,
    check_step_operation,
    check_task_operation,
)
from tasker.actors.workflow.retry import attempts_left
from tasker.actors.workflow.settle import can_move, reopen_due, settle
from tasker.actors.workflow.state import Standing, WorkflowState
from tasker.stores.records import ActionRecord, StepState, TaskState


def operate(state: WorkflowState, operation: AnyOperation, now: float) -> Decision:
    """Return what an operation changes.

    Raises:
        InvalidOperationError: It is not legal in the state of the task or step.
        UnknownStepError: The task has no step of that name.
    """
    check_task_operation(type(operation), state.task.task_id, state.head.state)
    step = getattr(operation, "step", None)
    if step is not None:
        if step not in state.plan.index:
            raise UnknownStepError(
                task_id=state.task.task_id, step=step, known=tuple(state.plan.index)
            )
        check_step_operation(type(operation), step, state.step(step).state)
    draft = Draft(state, now)
    _EFFECTS[type(operation)](draft, state, operation)
    if operation.by is not None:
        draft.record_action(
            ActionRecord(
                operation=_name(operation), by=operation.by, step=step, reason=operation.reason
            )
        )
    return draft.decide()


def _name(operation: AnyOperation) -> str:
    name = operation.__struct_config__.tag
    assert isinstance(name, str)
    return name


def _asked(operation: Operation) -> dict[str, Any]:
    return {"by": operation.by, "reason": operation.reason}


def _cancel(draft: Draft, state: WorkflowState, operation: Cancel) -> None:
    for step in state.plan.steps:
        standing = draft.standing(step.index)
        if standing is Standing.RUNNING:
            draft.stop(step.index)
            draft.move_step(step.index, StepState.CANCELLED, ended_at=draft.now)
        elif standing in (Standing.HELD, Standing.READY, Standing.WAITING):
            draft.move_step(step.index, StepState.CANCELLED, retry_at=None)
    draft.move_task(TaskState.CANCELLED, _asked(operation))


def _pause(draft: Draft, state: WorkflowState, operation: Pause) -> None:
    draft.move_task(TaskState.PAUSED, _asked(operation))


def _resume(draft: Draft, state: WorkflowState, operation: Resume) -> None:
    draft.move_task(TaskState.IN_PROGRESS, _asked(operation))
    reopen_due(draft, state)
    draft.offer_all_ready()
    settle(draft, state)


def _retry(draft: Draft, state: WorkflowState, operation: Retry) -> None:
    if operation.step is not None:
        failed = [state.plan.index[operation.step]]
    else:
        failed = [
            step.index
            for step in state.plan.steps
            if draft.record(step.index).state is StepState.ERROR
        ]
    for index in failed:
        record = draft.record(index)
        spent = record.permanent or not attempts_left(state.plan.steps[index], record)
        draft.move_step(
            index,
            StepState.PENDING,
            {**_asked(operation), "reason": operation.reason or "retry asked for"},
            retry_at=None,
            permanent=False,
            forgiven=record.attempts if spent else record.forgiven,
        )
    if not failed and not can_move(draft):
        raise InvalidOperationError(
            operation="retry",
            subject=f"task {state.task.task_id} (no step of it has failed)",
            state=draft.task_state,
            legal=OPERATIONS[Retry].task,
        )
    _reopen(draft, state, operation)


def _reset_attempts(draft: Draft, state: WorkflowState, operation: ResetAttempts) -> None:
    index = state.plan.index[operation.step]
    draft.change_step(index, forgiven=draft.record(index).attempts, permanent=False)
    _revive(draft, state, index)


def _update_step(draft: Draft, state: WorkflowState, operation: UpdateStep) -> None:
    index = state.plan.index[operation.step]
    changes: dict[str, Any] = {}
    if operation.retry_limit is not None:
        changes["retry_limit"] = operation.retry_limit
    if operation.inputs is not UNSET:
        changes["inputs"] = operation.inputs
    draft.change_step(index, **changes)
    _revive(draft, state, index)
    _hold_to_limit(draft, state, index)
    settle(draft, state)


def _resolve_step(draft: Draft, state: WorkflowState, operation: ResolveStep) -> None:
    index = state.plan.index[operation.step]
    results = operation.results if operation.results is not UNSET else draft.record(index).results
    draft.move_step(
        index,
        StepState.RESOLVED_MANUALLY,
        _asked(operation),
        results=results,
        retry_at=None,
        ended_at=draft.now,
    )
    if draft.task_state is TaskState.ERROR:
        if can_move(draft) or draft.count(Standing.DONE) == len(state.plan.steps):
            _reopen(draft, state, operation)
    else:
        settle(draft, state)


def _cancel_step(draft: Draft, state: WorkflowState, operation: CancelStep) -> None:
    index = state.plan.index[operation.step]
    if draft.standing(index) is Standing.RUNNING:
        draft.stop(index)
    draft.move_step(
        index, StepState.CANCELLED, _asked(operation), retry_at=None, ended_at=draft.now
    )
    settle(draft, state)


def _resolve_task(draft: Draft, state: WorkflowState, operation: ResolveTask) -> None:
    draft.move_task(TaskState.RESOLVED_MANUALLY, _asked(operation))


def _update_task(draft: Draft, state: WorkflowState, operation: UpdateTask) -> None:
    task = state.task
    draft.change_details(
        reason=task.reason if operation.task_reason is None else operation.task_reason,
        tags=task.tags if operation.tags is None else operation.tags,
    )


def _annotate(draft: Draft, state: WorkflowState, operation: Annotate) -> None:
    draft.annotate(operation.type, operation.annotation)


def _reopen(draft: Draft, state: WorkflowState, operation: Operation) -> None:
    """Take a failed task back to work, and go on."""
    if draft.task_state is TaskState.ERROR:
        draft.move_task(TaskState.PENDING, _asked(operation))
        draft.move_task(TaskState.IN_PROGRESS, _asked(operation))
        draft.offer_all_ready()
    settle(draft, state)


def _revive(draft: Draft, state: WorkflowState, index: int) -> None:
    """Let a failed step of a live task go on, if its limit allows it again."""
    live = draft.task_state in (TaskState.IN_PROGRESS, TaskState.PAUSED)
    blocked = draft.standing(index) is Standing.BLOCKED
    if live and blocked and attempts_left(state.plan.steps[index], draft.record(index)):
        draft.move_step(index, StepState.PENDING, {"reason": "attempts allowed again"})


def _hold_to_limit(draft: Draft, state: WorkflowState, index: int) -> None:
    """Keep a step within a limit that was lowered.

    One that waits for a retry which the limit forbids has failed for good; one that
    is pending again was promised one more attempt, and has just that.
    """
    step, record = state.plan.steps[index], draft.record(index)
    if attempts_left(step, record):
        return
    if draft.standing(index) is Standing.WAITING:
        draft.change_step(index, retry_at=None)
    elif record.state is StepState.PENDING:
        promised = msgspec.structs.replace(record, forgiven=record.attempts)
        draft.change_step(index, forgiven=record.attempts + 1 - attempts_left(step, promised))


_EFFECTS: dict[type[AnyOperation], Callable[[Draft, WorkflowState, Any], None]] = {
    Annotate: _annotate,
    Cancel: _cancel,
    CancelStep: _cancel_step,
    Pause: _pause,
    ResetAttempts: _reset_attempts,
    ResolveStep: _resolve_step,
    ResolveTask: _resolve_task,
    Resume: _resume,
    Retry: _retry,
    UpdateStep: _update_step,
    UpdateTask: _update_task,
}
