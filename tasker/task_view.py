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
from tasker.actors.workflow.states import AT_REST
from tasker.actors.workflow.status import ExecutionStatus, execution_status
from tasker.definitions.definition import Definition
from tasker.errors import TaskFailedError
from tasker.request import instant
from tasker.stores.encoding import decode
from tasker.stores.records import ErrorRecord, StepRecord, StepState, TaskState, TaskSummary

RETRYING = "retrying"
NOT_RUN = "not_run"
_LONGEST_MESSAGE = 100


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

    def __repr__(self) -> str:
        """Return one line, as for a debugger: the name, how far it is, and why it failed."""
        limit = max(self.retry_limit if self.retryable else 1, self.attempts)
        text = f"{self.name} {self.state}, {self.attempts} of {limit} attempts"
        if self.error is not None:
            message = " ".join(self.error.message.split())
            if len(message) > _LONGEST_MESSAGE:
                message = f"{message[:_LONGEST_MESSAGE]}…"
            text += f": {self.error.error_class.rpartition('.')[2]}: {message}"
        return f"<StepView {text}>"


class TaskView:
    """A task with its steps, in the order of the definition, as it was at one moment.

    What is asked for is worked out then, once: whoever waits for a task often wants
    its state alone. ``to_dict`` gives all of it as plain data.
    """

    __slots__ = ("__dict__", "_definition", "_now", "_state")

    FIELDS = (
        "task_id",
        "namespace",
        "name",
        "version",
        "state",
        "priority",
        "context",
        "initiator",
        "source_system",
        "reason",
        "tags",
        "bypass_steps",
        "identity",
        "correlation_id",
        "traceparent",
        "tracestate",
        "requested_at",
        "created_at",
        "started_at",
        "ended_at",
        "wake_at",
        "status",
        "steps",
    )

    def __init__(self, state: WorkflowState, definition: Definition, now: float) -> None:
        """Show a state that nobody changes any more."""
        self._state = state
        self._definition = definition
        self._now = now

    def __repr__(self) -> str:
        """Return one line, as for a debugger: what it is, its state, and how far it is."""
        done, total = self.status.completed_steps, self.status.total_steps
        return (
            f"<TaskView {self.namespace}.{self.name}@{self.version} {self.task_id} "
            f"{self.state}, {done} of {total} steps>"
        )

    def __eq__(self, other: object) -> bool:
        """Whether both show the same of the same task."""
        return isinstance(other, TaskView) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """Return the hash of the task's id."""
        return hash(self.task_id)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, under the names of `FIELDS`."""
        return {name: getattr(self, name) for name in self.FIELDS}

    @property
    def workflow_state(self) -> WorkflowState:
        """The state that is shown, for those who work something out from it; do not change it."""
        return self._state

    @property
    def task_id(self) -> str:
        """The task's id."""
        return self._state.task.task_id

    @property
    def namespace(self) -> str:
        """The definition's namespace."""
        return self._state.task.namespace

    @property
    def name(self) -> str:
        """The definition's name."""
        return self._state.task.name

    @property
    def version(self) -> str:
        """The definition's version."""
        return self._state.task.version

    @property
    def state(self) -> TaskState:
        """The task's state."""
        return self._state.head.state

    @property
    def priority(self) -> int:
        """Its priority: higher goes first."""
        return self._state.task.priority

    @property
    def initiator(self) -> str:
        """Who asked for it."""
        return self._state.task.initiator

    @property
    def source_system(self) -> str:
        """The system that they asked from."""
        return self._state.task.source_system

    @property
    def reason(self) -> str:
        """Why it was asked for."""
        return self._state.task.reason

    @property
    def tags(self) -> tuple[str, ...]:
        """Its labels."""
        return self._state.task.tags

    @property
    def bypass_steps(self) -> tuple[str, ...]:
        """The steps that the request had taken as done."""
        return self._state.task.bypass_steps

    @property
    def identity(self) -> str | None:
        """What tells it from other requests, None when nothing does."""
        return self._state.task.identity

    @property
    def correlation_id(self) -> str | None:
        """What joins it with what caused it; None for one from before there were any."""
        return self._state.task.correlation_id

    @property
    def traceparent(self) -> str | None:
        """The W3C trace context of the request, None when there was none."""
        return self._state.task.traceparent

    @property
    def tracestate(self) -> str | None:
        """What vendors have added to the trace context."""
        return self._state.task.tracestate

    @property
    def requested_at(self) -> datetime:
        """When it was asked for."""
        return _instant(self._state.task.requested_at)

    @property
    def created_at(self) -> datetime:
        """When it was recorded."""
        return _instant(self._state.task.created_at)

    @property
    def started_at(self) -> datetime | None:
        """When work began, anew with a retry of a failed task."""
        return instant(self._state.head.started_at)

    @property
    def ended_at(self) -> datetime | None:
        """When it came to rest."""
        return instant(self._state.head.ended_at)

    @property
    def wake_at(self) -> datetime | None:
        """When it goes on, for one that left memory to wait."""
        return instant(self._state.head.wake_at or None)

    @cached_property
    def context(self) -> dict[str, Any]:
        """What the task works on."""
        context: dict[str, Any] = decode(self._state.task.context)
        return context

    @cached_property
    def status(self) -> ExecutionStatus:
        """How far it is, and what follows from that."""
        return execution_status(self._state, self._now)

    @property
    def step_count(self) -> int:
        """How many steps it has."""
        return len(self._state.steps)

    @cached_property
    def steps(self) -> tuple[StepView, ...]:
        """The steps, in the order of the definition."""
        return tuple(
            _step_view(record, self._state.plan, index, self._definition, self.context)
            for index, record in enumerate(self._state.steps)
        )

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


def shown_state(step: StepView, view: TaskView) -> str:
    """Return the state of a step as people look for it.

    `RETRYING` while it waits for its next attempt, `NOT_RUN` where the task came to rest
    before it, else its state.
    """
    rests = view.state in AT_REST
    if step.retry_at is not None and not rests:
        return RETRYING
    if step.state is StepState.PENDING and rests:
        return NOT_RUN
    return step.state.value


class TaskListing(Struct, frozen=True, kw_only=True):
    """One line of a list of tasks."""

    task_id: str
    namespace: str
    name: str
    version: str
    state: TaskState
    priority: int
    tags: tuple[str, ...]
    correlation_id: str | None
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
        correlation_id=task.correlation_id,
        created_at=_instant(task.created_at),
        started_at=instant(task.started_at),
        ended_at=instant(task.ended_at),
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
        depends_on=plan.parents[index],
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
