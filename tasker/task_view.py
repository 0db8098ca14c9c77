"""A task as it is shown: decoded, with instants as aware datetimes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from msgspec import Struct

from tasker.actors.workflow.plan import Plan
from tasker.actors.workflow.retry import attempts_left
from tasker.actors.workflow.state import WorkflowState
from tasker.actors.workflow.status import ExecutionStatus, execution_status
from tasker.definitions.definition import Definition
from tasker.errors import TaskFailedError
from tasker.request import instant
from tasker.stores.encoding import decode
from tasker.stores.records import ErrorRecord, StepRecord, StepState, TaskState, TaskSummary


class StepError(Struct, frozen=True, kw_only=True):
    """Why the latest attempt failed.

    ``error_class`` is the exception's qualified name; ``permanent`` whether no retry
    can help; ``retry_after`` the wait in seconds that was asked for; ``context`` the
    facts that the handler gave with it.
    """

    error_class: str
    message: str
    permanent: bool
    retry_after: float | None
    error_code: str | None
    backtrace: tuple[str, ...]
    context: dict[str, Any]


class StepView(Struct, frozen=True, kw_only=True):
    """One step of a task.

    ``attempts`` counts every attempt begun, ``attempts_left`` those that the
    limit still allows. ``queued_seconds`` is the wait from being ready to the
    latest start, ``run_seconds`` the latest attempt's length; None where it has
    not come to that.
    """

    name: str
    state: StepState
    description: str
    handler: str
    depends_on: tuple[str, ...]
    dependent_system: str | None
    retryable: bool
    retry_limit: int
    skippable: bool
    attempts: int
    attempts_left: int
    retry_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    queued_seconds: float | None
    run_seconds: float | None
    inputs: Any
    results: Any
    error: StepError | None


class TaskView(Struct, frozen=True, kw_only=True, dict=True):
    """A task with its steps, in the order of the definition."""

    task_id: str
    namespace: str
    name: str
    version: str
    state: TaskState
    priority: int
    context: dict[str, Any]
    initiator: str
    source_system: str
    reason: str
    tags: tuple[str, ...]
    bypass_steps: tuple[str, ...]
    identity: str | None
    requested_at: datetime
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    wake_at: datetime | None
    status: ExecutionStatus
    steps: tuple[StepView, ...]

    @cached_property
    def results(self) -> Mapping[str, Any]:
        """The results of the steps that are done, by step."""
        done = (StepState.COMPLETE, StepState.RESOLVED_MANUALLY)
        return {step.name: step.results for step in self.steps if step.state in done}

    @cached_property
    def errors(self) -> Mapping[str, StepError]:
        """Why the failed steps failed, by step."""
        return {
            step.name: step.error
            for step in self.steps
            if step.error is not None and step.state is StepState.ERROR
        }

    def step(self, name: str) -> StepView:
        """Return a step; KeyError when there is none of that name."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def raise_for_state(self) -> TaskView:
        """Return self if the task is complete or resolved; else raise `TaskFailedError`."""
        if self.state in (TaskState.COMPLETE, TaskState.RESOLVED_MANUALLY):
            return self
        errors = {name: error.message for name, error in self.errors.items()}
        raise TaskFailedError(task_id=self.task_id, state=self.state, errors=errors)


class TaskListing(Struct, frozen=True, kw_only=True):
    """One line of a list of tasks."""

    task_id: str
    namespace: str
    name: str
    version: str
    state: TaskState
    priority: int
    tags: tuple[str, ...]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class TaskListPage(Struct, frozen=True, kw_only=True):
    """A page of a list, newest first; ``next_cursor`` is None on the last one."""

    tasks: tuple[TaskListing, ...]
    next_cursor: str | None


def listing(task: TaskSummary) -> TaskListing:
    """Return a task's line."""
    return TaskListing(
        task_id=task.task_id,
        namespace=task.namespace,
        name=task.name,
        version=task.version,
        state=task.state,
        priority=task.priority,
        tags=task.tags,
        created_at=_instant(task.created_at),
        started_at=instant(task.started_at),
        ended_at=instant(task.ended_at),
    )


def task_view(state: WorkflowState, definition: Definition, now: float) -> TaskView:
    """Return the view of a task's state at an instant."""
    task, head = state.task, state.head
    context = decode(task.context)
    return TaskView(
        task_id=task.task_id,
        namespace=task.namespace,
        name=task.name,
        version=task.version,
        state=head.state,
        priority=task.priority,
        context=context,
        initiator=task.initiator,
        source_system=task.source_system,
        reason=task.reason,
        tags=task.tags,
        bypass_steps=task.bypass_steps,
        identity=task.identity,
        requested_at=_instant(task.requested_at),
        created_at=_instant(task.created_at),
        started_at=instant(head.started_at),
        ended_at=instant(head.ended_at),
        wake_at=instant(head.wake_at or None),
        status=execution_status(state, now),
        steps=tuple(
            _step_view(record, state.plan, index, definition, context)
            for index, record in enumerate(state.steps)
        ),
    )


def _step_view(
    record: StepRecord, plan: Plan, index: int, definition: Definition, context: Any
) -> StepView:
    step = plan.steps[index]
    described = definition.steps_by_name[record.name]
    return StepView(
        name=record.name,
        state=record.state,
        description=described.description,
        handler=described.handler,
        depends_on=tuple(plan.steps[parent].name for parent in step.depends_on),
        dependent_system=described.dependent_system,
        retryable=step.retryable,
        retry_limit=step.retry_limit if record.retry_limit is None else record.retry_limit,
        skippable=step.skippable,
        attempts=record.attempts,
        attempts_left=attempts_left(step, record),
        retry_at=instant(record.retry_at),
        started_at=instant(record.started_at),
        ended_at=instant(record.ended_at),
        queued_seconds=_between(record.ready_at, record.started_at),
        run_seconds=_between(record.started_at, record.ended_at),
        inputs=context if record.inputs is None else decode(record.inputs),
        results=decode(record.results),
        error=_step_error(record.error),
    )


def _step_error(error: ErrorRecord | None) -> StepError | None:
    if error is None:
        return None
    return StepError(
        error_class=error.error_class,
        message=error.message,
        permanent=error.permanent,
        retry_after=error.retry_after,
        error_code=error.error_code,
        backtrace=error.backtrace,
        context=decode(error.context) or {},
    )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)


def _instant(timestamp: float) -> datetime:
    found = instant(timestamp)
    assert found is not None
    return found
