"""The workflow rules: one message, one decision.

Nothing here waits, reads a clock or draws a number: given the same state,
message and time, the decision is the same, which is what lets a crash replay it
and a test explore it.
"""

from __future__ import annotations

from tasker.actors.workflow.decision import NOTHING, Decision, Draft
from tasker.actors.workflow.messages import (
    AttemptEnded,
    Interrupt,
    Message,
    StartSteps,
    TakeUp,
    Wake,
)
from tasker.actors.workflow.operate import operate
from tasker.actors.workflow.outcome import AttemptFailed, AttemptSucceeded, attempt_lost
from tasker.actors.workflow.retry import attempts_left, retry_delay
from tasker.actors.workflow.settle import reopen_due, settle
from tasker.actors.workflow.state import WorkflowState
from tasker.actors.workflow.usual import begin_task, complete_step, start_steps
from tasker.stores.records import StepState, TaskState


def advance(state: WorkflowState, message: Message, now: float) -> Decision:
    """Return what a message changes in a task.

    The state is only read; whoever asked applies the decision. A message that no
    longer means anything (an attempt that was cancelled meanwhile, a wake that
    comes early) gives an empty decision.

    Raises:
        InvalidOperationError: An operation that is not legal in this state.
    """
    if isinstance(message, AttemptEnded):
        return _attempt_ended(state, message, now)
    if isinstance(message, StartSteps):
        return start_steps(state, message.steps, now)
    if isinstance(message, TakeUp):
        return _take_up(state, message, now)
    if isinstance(message, Wake):
        return _wake(state, now)
    if isinstance(message, Interrupt):
        return _interrupt(state, message, now)
    return operate(state, message, now)


def next_wake(state: WorkflowState) -> float | None:
    """Return when the task next wants a `Wake`, or None when time changes nothing."""
    limit = state.plan.max_execution_seconds
    if limit is None and not state.waiting:
        return None
    if state.head.state is not TaskState.IN_PROGRESS:
        return None
    due = [at for index in state.waiting if (at := state.steps[index].retry_at) is not None]
    if limit is not None and state.head.started_at is not None:
        due.append(state.head.started_at + limit)
    return min(due, default=None)


def _take_up(state: WorkflowState, message: TakeUp, now: float) -> Decision:
    usual = begin_task(state, now)
    if usual is not None:
        return usual
    draft = Draft(state, now)
    if message.interrupted is not None:
        _lose_running(draft, state, message.interrupted)
    if draft.task_state is TaskState.PENDING:
        draft.move_task(TaskState.IN_PROGRESS)
        for name in state.task.bypass_steps:
            index = state.plan.index[name]
            if draft.record(index).state is StepState.PENDING:
                draft.move_step(index, StepState.RESOLVED_MANUALLY, {"reason": "bypassed"})
    if draft.task_state is TaskState.IN_PROGRESS:
        reopen_due(draft, state)
        draft.offer_all_ready()
        settle(draft, state)
    return draft.decide()


def _attempt_ended(state: WorkflowState, message: AttemptEnded, now: float) -> Decision:
    record = state.steps[message.step]
    if record.state is not StepState.IN_PROGRESS or record.attempts != message.attempt:
        return NOTHING
    result = message.result
    if isinstance(result, AttemptSucceeded) and result.events is None:
        usual = complete_step(state, message.step, result.results, now)
        if usual is not None:
            return usual
    draft = Draft(state, now)
    if isinstance(result, AttemptSucceeded):
        draft.move_step(
            message.step,
            StepState.COMPLETE,
            None if result.events is None else {"events": result.events},
            results=result.results,
            error=None,
            retry_at=None,
            ended_at=now,
        )
    else:
        _fail(draft, state, message.step, result)
    settle(draft, state)
    return draft.decide()


def _wake(state: WorkflowState, now: float) -> Decision:
    if state.head.state is not TaskState.IN_PROGRESS:
        return NOTHING
    draft = Draft(state, now)
    limit = state.plan.max_execution_seconds
    started = state.head.started_at
    if limit is not None and started is not None and started + limit <= now:
        _expire(draft, state, limit)
    else:
        reopen_due(draft, state)
    return draft.decide()


def _interrupt(state: WorkflowState, message: Interrupt, now: float) -> Decision:
    if not state.running:
        return NOTHING
    draft = Draft(state, now)
    _lose_running(draft, state, message.reason)
    settle(draft, state)
    return draft.decide()


def _lose_running(draft: Draft, state: WorkflowState, reason: str) -> None:
    for index in sorted(state.running):
        draft.stop(index)
        _fail(draft, state, index, attempt_lost(reason))


def _expire(draft: Draft, state: WorkflowState, limit: float) -> None:
    reason = f"the task took longer than max_execution_time of {limit:g} s"
    for index in sorted(state.running):
        draft.stop(index)
        failed = attempt_lost(reason)
        draft.move_step(
            index,
            StepState.ERROR,
            {"error_class": failed.error.error_class, "message": failed.error.message},
            error=failed.error,
            retry_at=None,
            ended_at=draft.now,
        )
    for index in sorted(state.waiting):
        draft.change_step(index, retry_at=None)
    draft.move_task(TaskState.ERROR, {"reason": reason})


def _fail(draft: Draft, state: WorkflowState, index: int, failed: AttemptFailed) -> None:
    """Record a failed attempt, and when the next one is due if there is one."""
    step, record, error = state.plan.steps[index], state.steps[index], failed.error
    retry_at: float | None = None
    if not error.permanent and attempts_left(step, record):
        delay = retry_delay(
            state.plan.backoff,
            error,
            failures=record.attempts - record.forgiven,
            seed=f"{state.task.task_id}/{step.name}/{record.attempts}",
        )
        retry_at = draft.now + delay
    draft.move_step(
        index,
        StepState.ERROR,
        {
            "error_class": error.error_class,
            "message": error.message,
            "permanent": error.permanent or None,
            "retry_at": retry_at,
            "events": failed.events,
        },
        error=error,
        permanent=error.permanent,
        retry_at=retry_at,
        results=failed.results if failed.results is not None else record.results,
        ended_at=draft.now,
    )
