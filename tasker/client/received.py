"""From what a server answers to what the engine would have returned."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Raw

from tasker.actors.workflow.plan import Plan, StepPlan
from tasker.actors.workflow.state import WorkflowState
from tasker.client.errors import ServerAnswerError
from tasker.definitions.definition import Definition, StepDefinition
from tasker.reading import HistoryEntry
from tasker.server.shapes.tasks import Task, TaskEventEntry, TaskPage, TaskSummary, WorkflowStep
from tasker.stores.records import ErrorRecord, StepRecord, StepState, TaskRecord
from tasker.task_view import StepError, StepView, TaskListing, TaskListPage, TaskView

T = TypeVar("T")
_STEP_FIELDS = tuple(name for name in StepView.__struct_fields__ if name != "state")
_LISTING_FIELDS = tuple(name for name in TaskListing.__struct_fields__ if name != "state")
_RECORD_FIELDS = (
    *("task_id", "namespace", "name", "version", "priority", "initiator", "source_system"),
    *("reason", "tags", "bypass_steps", "identity", "correlation_id", "traceparent", "tracestate"),
)


def read(response: httpx.Response, kind: type[T]) -> T:
    """Return an answer as a Struct.

    Raises:
        ServerAnswerError: It is none.
    """
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.DecodeError as error:
        url = str(response.request.url.copy_with(query=None))
        raise ServerAnswerError(
            url=url,
            status=response.status_code,
            reason=f"{error}; is the server of another version?",
        ) from error


def task_view(response: httpx.Response, now: float) -> TaskView:
    """Return the task that a server answered with; see `view_of`."""
    seq = response.headers.get("etag", "").strip('"')
    return view_of(read(response, Task), seq=int(seq) if seq.isdigit() else 0, now=now)


def view_of(task: Task, *, seq: int, now: float) -> TaskView:
    """Return a task as `Engine.get` does.

    What is shown of it is what the server said. The state behind it, of which analyses are
    made, is put together from that. It lacks the limits of the definition, and which attempts
    were forgiven before a step failed for good.
    """
    steps = tuple(step_view(step) for step in task.workflow_steps)
    definition = Definition(
        name=task.name,
        namespace=task.namespace,
        version=task.version,
        steps=tuple(_step_definition(step) for step in steps),
        priority=task.priority,
    )
    state = WorkflowState(
        task=_record(task, definition),
        plan=_plan(definition, steps),
        steps=tuple(_step_record(step, task.context) for step in steps),
        seq=seq,
    )
    view = TaskView(state, definition, now)
    view.context, view.status, view.steps = task.context, task.progress, steps
    return view


def step_view(step: WorkflowStep) -> StepView:
    """Return a step as a `TaskView` has it."""
    return StepView(state=step.status, **{name: getattr(step, name) for name in _STEP_FIELDS})


def list_page(page: TaskPage) -> TaskListPage:
    """Return a page of a list as the engine does."""
    return TaskListPage(
        tasks=tuple(_listing(task) for task in page.tasks),
        next_cursor=page.pagination.next_cursor,
    )


def history_entry(entry: TaskEventEntry) -> HistoryEntry:
    """Return a change of a task as the engine does."""
    return HistoryEntry(
        seq=entry.seq,
        at=entry.at,
        step=entry.step,
        from_state=entry.from_status,
        to_state=entry.to_status,
        attempt=entry.attempt,
        detail=entry.detail,
    )


def _listing(task: TaskSummary) -> TaskListing:
    return TaskListing(state=task.status, **{name: getattr(task, name) for name in _LISTING_FIELDS})


def _step_definition(step: StepView) -> StepDefinition:
    return StepDefinition(
        name=step.name,
        handler=step.handler,
        depends_on=step.depends_on,
        description=step.description,
        dependent_system=step.dependent_system,
        retryable=step.retryable,
        retry_limit=step.retry_limit,
        skippable=step.skippable,
    )


def _plan(definition: Definition, steps: tuple[StepView, ...]) -> Plan:
    index = {step.name: at for at, step in enumerate(steps)}
    dependents: list[list[int]] = [[] for _ in steps]
    for at, step in enumerate(steps):
        for parent in step.depends_on:
            dependents[index[parent]].append(at)
    return Plan(
        definition_hash=definition.hash,
        steps=tuple(
            StepPlan(
                name=step.name,
                index=at,
                depends_on=tuple(index[parent] for parent in step.depends_on),
                dependents=tuple(dependents[at]),
                retryable=step.retryable,
                retry_limit=step.retry_limit,
                skippable=step.skippable,
            )
            for at, step in enumerate(steps)
        ),
    )


def _record(task: Task, definition: Definition) -> TaskRecord:
    return TaskRecord(
        definition_hash=definition.hash,
        state=task.status,
        created_at=task.created_at.timestamp(),
        requested_at=task.requested_at.timestamp(),
        started_at=_seconds(task.started_at),
        ended_at=_seconds(task.ended_at),
        wake_at=_seconds(task.wake_at),
        context=_raw(task.context),
        **{name: getattr(task, name) for name in _RECORD_FIELDS},
    )


def _step_record(step: StepView, context: dict[str, Any]) -> StepRecord:
    started = _seconds(step.started_at)
    limit = step.retry_limit if step.retryable else 1
    counted = limit - step.attempts_left
    # No attempt is left although the limit allows one: then none can help.
    is_permanent = step.attempts_left == 0 and (
        step.attempts < limit or (step.error is not None and step.error.permanent)
    )
    waited = step.queued_seconds
    return StepRecord(
        name=step.name,
        state=step.state,
        attempts=step.attempts,
        forgiven=0 if is_permanent else max(0, step.attempts - counted),
        permanent=is_permanent and step.state is StepState.ERROR,
        retry_at=_seconds(step.retry_at),
        ready_at=None if started is None or waited is None else started - waited,
        started_at=started,
        ended_at=_seconds(step.ended_at),
        inputs=None if step.inputs == context else _raw(step.inputs),
        results=None if step.results is None else _raw(step.results),
        error=None if step.error is None else _error_record(step.error),
    )


def _error_record(error: StepError) -> ErrorRecord:
    fields = {name: getattr(error, name) for name in StepError.__struct_fields__}
    return ErrorRecord(**{**fields, "context": _raw(error.context)})


def _raw(value: Any) -> Raw:
    return Raw(msgspec.json.encode(value))


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
