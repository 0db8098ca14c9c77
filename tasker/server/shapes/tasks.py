"""Tasks and their steps, as they are answered. Instants are RFC 3339, lengths are seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from tasker.actors.workflow.status import ExecutionStatus
from tasker.analysis.runtime import TaskAnalysis
from tasker.reading import Annotation
from tasker.stores.records import StepState, TaskState
from tasker.task_view import StepError, StepView, TaskListing, TaskListPage, TaskView


class WorkflowStep(Struct, frozen=True, kw_only=True):
    """A step of a task; see `tasker.task_view.StepView`. ``status`` is its state."""

    task_id: str
    name: str
    status: StepState
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

    @classmethod
    def of(cls, task_id: str, step: StepView) -> WorkflowStep:
        """Return a step as it is answered."""
        fields = {name: getattr(step, name) for name in _STEP_FIELDS}
        return cls(task_id=task_id, status=step.state, **fields)


_STEP_FIELDS = tuple(
    name for name in WorkflowStep.__struct_fields__ if name not in ("task_id", "status")
)


class TaskSummary(Struct, frozen=True, kw_only=True):
    """A task in a list."""

    task_id: str
    name: str
    namespace: str
    version: str
    full_name: str
    status: TaskState
    complete: bool
    priority: int
    tags: tuple[str, ...]
    correlation_id: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, task: TaskListing) -> TaskSummary:
        """Return a line of a list as it is answered."""
        return cls(
            task_id=task.task_id,
            name=task.name,
            namespace=task.namespace,
            version=task.version,
            full_name=f"{task.namespace}.{task.name}@{task.version}",
            status=task.state,
            complete=task.state is TaskState.COMPLETE,
            priority=task.priority,
            tags=task.tags,
            correlation_id=task.correlation_id,
            created_at=task.created_at,
            started_at=task.started_at,
            ended_at=task.ended_at,
        )


class Task(Struct, frozen=True, kw_only=True):
    """A task, whole. ``status`` is its state, ``progress`` how far its steps are.

    ``dependencies`` is there when it was asked for, ``task_annotations`` in the answer to a
    request for this task alone.
    """

    task_id: str
    name: str
    namespace: str
    version: str
    full_name: str
    status: TaskState
    complete: bool
    priority: int
    context: dict[str, Any]
    initiator: str
    source_system: str
    reason: str
    tags: tuple[str, ...]
    bypass_steps: tuple[str, ...]
    identity: str | None
    correlation_id: str | None
    traceparent: str | None
    tracestate: str | None
    requested_at: datetime
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    wake_at: datetime | None
    progress: ExecutionStatus
    workflow_steps: tuple[WorkflowStep, ...]
    task_annotations: tuple[Annotation, ...] | None = None
    dependencies: TaskAnalysis | None = None

    @classmethod
    def of(
        cls,
        view: TaskView,
        *,
        annotations: list[Annotation] | None = None,
        dependencies: TaskAnalysis | None = None,
    ) -> Task:
        """Return a task as it is answered."""
        fields = {name: getattr(view, name) for name in _TASK_FIELDS}
        return cls(
            full_name=f"{view.namespace}.{view.name}@{view.version}",
            status=view.state,
            complete=view.state is TaskState.COMPLETE,
            progress=view.status,
            workflow_steps=tuple(WorkflowStep.of(view.task_id, step) for step in view.steps),
            task_annotations=None if annotations is None else tuple(annotations),
            dependencies=dependencies,
            **fields,
        )


_TASK_FIELDS = tuple(name for name in TaskView.FIELDS if name not in ("state", "status", "steps"))


class Pagination(Struct, frozen=True, kw_only=True):
    """Where in a list a page stands.

    ``total_count`` counts all that match, whatever the page; ``next_cursor`` leads to the
    page after this one, None on the last.
    """

    total_count: int
    per_page: int
    next_cursor: str | None


class TaskPage(Struct, frozen=True, kw_only=True):
    """A page of tasks, newest first."""

    tasks: tuple[TaskSummary, ...]
    pagination: Pagination

    @classmethod
    def of(cls, page: TaskListPage, *, total: int, limit: int) -> TaskPage:
        """Return a page as it is answered."""
        return cls(
            tasks=tuple(TaskSummary.of(task) for task in page.tasks),
            pagination=Pagination(total_count=total, per_page=limit, next_cursor=page.next_cursor),
        )


class StepList(Struct, frozen=True, kw_only=True):
    """The steps of a task, in the order of the definition."""

    steps: tuple[WorkflowStep, ...]


class TaskEventEntry(Struct, frozen=True, kw_only=True):
    """One change of a task or step, as it was recorded; ``step`` is None for the task's own.

    ``seq`` numbers what was recorded together, from 1.
    """

    seq: int
    at: datetime
    step: str | None
    from_status: str | None
    to_status: str
    attempt: int | None
    detail: dict[str, Any]


class TaskEvents(Struct, frozen=True, kw_only=True):
    """The changes of a task after a ``seq``, in order; ``next_after`` leads on, None at the end."""

    task_id: str
    events: tuple[TaskEventEntry, ...]
    next_after: int | None
