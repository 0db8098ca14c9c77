"""Tasks, their steps and the notes on them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import strawberry
from msgspec import to_builtins
from strawberry.scalars import JSON

from tasker.reading import Annotation
from tasker.server.graphql.catalogue import AnnotationType, NamedStep, NamedTask
from tasker.server.graphql.context import ContextInfo
from tasker.stores.records import StepState, TaskState
from tasker.task_view import StepView, TaskListing, TaskView

_DONE = (StepState.COMPLETE, StepState.RESOLVED_MANUALLY)


def _whole(name: str) -> Callable[..., Awaitable[Any]]:
    """Return the resolver of what a list does not show of a task."""

    async def resolve(root: Any, info: ContextInfo) -> Any:
        return getattr(await root.view(info), name)

    return resolve


@strawberry.interface
class TaskInterface:
    """What every task has. ``status`` is its state; ``updatedAt`` when it last began or ended."""

    task_id: strawberry.ID
    status: str
    tags: JSON
    created_at: datetime
    updated_at: datetime
    reason: str = strawberry.field(resolver=_whole("reason"))


@strawberry.type
class Task(TaskInterface):
    """A task. ``seq`` numbers its newest change, for ``expectedSeq`` of mutations."""

    known: strawberry.Private[TaskView | None]
    name: str
    namespace: str
    version: str
    full_name: str
    named_task_id: strawberry.ID
    complete: bool
    priority: int
    correlation_id: str | None
    started_at: datetime | None
    ended_at: datetime | None
    requested_at: datetime = strawberry.field(resolver=_whole("requested_at"))
    initiator: str = strawberry.field(resolver=_whole("initiator"))
    source_system: str = strawberry.field(resolver=_whole("source_system"))
    bypass_steps: JSON = strawberry.field(resolver=_whole("bypass_steps"))
    context: JSON = strawberry.field(resolver=_whole("context"))
    identity_hash: str | None = strawberry.field(resolver=_whole("identity"))
    wake_at: datetime | None = strawberry.field(resolver=_whole("wake_at"))

    @classmethod
    def of(cls, task: TaskView | TaskListing) -> Task:
        """Return a task as it is shown."""
        full_name = f"{task.namespace}.{task.name}@{task.version}"
        return cls(
            known=task if isinstance(task, TaskView) else None,
            task_id=strawberry.ID(task.task_id),
            status=task.state.value,
            tags=JSON(list(task.tags)),
            created_at=task.created_at,
            updated_at=task.ended_at or task.started_at or task.created_at,
            name=task.name,
            namespace=task.namespace,
            version=task.version,
            full_name=full_name,
            named_task_id=strawberry.ID(full_name),
            complete=task.state is TaskState.COMPLETE,
            priority=task.priority,
            correlation_id=task.correlation_id,
            started_at=task.started_at,
            ended_at=task.ended_at,
        )

    async def view(self, info: ContextInfo) -> TaskView:
        """Return the task whole, read together with others of its list."""
        if self.known is None:
            self.known = await info.context.loaders.tasks.load(self.task_id)
        return self.known

    @strawberry.field
    async def seq(self, info: ContextInfo) -> int:
        """The number of its newest change."""
        return (await self.view(info)).workflow_state.seq

    @strawberry.field
    async def progress(self, info: ContextInfo) -> JSON:
        """How far its steps are."""
        return JSON(to_builtins((await self.view(info)).status))

    @strawberry.field
    async def workflow_steps(self, info: ContextInfo) -> list[WorkflowStep]:
        """Its steps, in the order of the definition."""
        view = await self.view(info)
        return [WorkflowStep.of(self, view, step) for step in view.steps]

    @strawberry.field
    async def task_annotations(self, info: ContextInfo) -> list[TaskAnnotation]:
        """The notes on it, oldest first."""
        notes = await info.context.loaders.annotations.load(self.task_id)
        return [TaskAnnotation.of(self, number, note) for number, note in enumerate(notes, 1)]

    @strawberry.field
    def named_task(self, info: ContextInfo) -> NamedTask | None:
        """What it is a task of; null where that is registered no more."""
        return NamedTask.find(info.context.engine, self.namespace, self.name, self.version)


@strawberry.type
class WorkflowStep:
    """A step, known by its name within its task. Lengths of time are seconds."""

    of_task: strawberry.Private[Task]
    seen: strawberry.Private[TaskView]
    workflow_step_id: strawberry.ID
    task_id: strawberry.ID
    named_step_id: strawberry.ID
    name: str
    status: str
    description: str
    handler: str
    retryable: bool
    retry_limit: int
    skippable: bool
    in_process: bool
    processed: bool
    processed_at: datetime | None
    attempts: int
    attempts_left: int
    last_attempted_at: datetime | None
    retry_at: datetime | None
    backoff_request_seconds: float | None
    queued_seconds: float | None
    run_seconds: float | None
    inputs: JSON | None
    results: JSON | None
    error: JSON | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    parent_step_ids: list[strawberry.ID]
    child_step_ids: list[strawberry.ID]
    is_root_step: bool
    is_leaf_step: bool
    parent_count: int
    child_count: int

    @classmethod
    def of(cls, task: Task, view: TaskView, step: StepView) -> WorkflowStep:
        """Return a step as it is shown."""
        children = [each.name for each in view.steps if step.name in each.depends_on]
        done = step.state in _DONE
        return cls(
            of_task=task,
            seen=view,
            workflow_step_id=strawberry.ID(step.name),
            task_id=task.task_id,
            named_step_id=strawberry.ID(step.name),
            name=step.name,
            status=step.state.value,
            description=step.description,
            handler=step.handler,
            retryable=step.retryable,
            retry_limit=step.retry_limit,
            skippable=step.skippable,
            in_process=step.state is StepState.IN_PROGRESS,
            processed=done,
            processed_at=step.ended_at if done else None,
            attempts=step.attempts,
            attempts_left=step.attempts_left,
            last_attempted_at=step.started_at,
            retry_at=step.retry_at,
            backoff_request_seconds=None if step.error is None else step.error.retry_after,
            queued_seconds=step.queued_seconds,
            run_seconds=step.run_seconds,
            inputs=step.inputs,
            results=step.results,
            error=to_builtins(step.error),
            created_at=view.created_at,
            updated_at=step.ended_at or step.started_at or view.created_at,
            started_at=step.started_at,
            ended_at=step.ended_at,
            parent_step_ids=[strawberry.ID(name) for name in step.depends_on],
            child_step_ids=[strawberry.ID(name) for name in children],
            is_root_step=not step.depends_on,
            is_leaf_step=not children,
            parent_count=len(step.depends_on),
            child_count=len(children),
        )

    @strawberry.field
    def task(self) -> Task:
        """The task that it is a step of."""
        return self.of_task

    @strawberry.field
    def named_step(self) -> NamedStep:
        """What it is a step of, of the definition."""
        return NamedStep.of_view(self.seen.step(self.name))

    @strawberry.field
    def parents(self) -> list[WorkflowStep]:
        """The steps that it waits for."""
        return self._among(self.parent_step_ids)

    @strawberry.field
    def children(self) -> list[WorkflowStep]:
        """The steps that wait for it."""
        return self._among(self.child_step_ids)

    def _among(self, names: list[strawberry.ID]) -> list[WorkflowStep]:
        view = self.seen
        return [WorkflowStep.of(self.of_task, view, view.step(name)) for name in names]


@strawberry.type
class TaskAnnotation:
    """A note on a task, numbered from 1 within it."""

    of_task: strawberry.Private[Task]
    kind: strawberry.Private[str]
    task_annotation_id: strawberry.ID
    task_id: strawberry.ID
    annotation_type_id: strawberry.ID
    annotation: JSON
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, task: Task, number: int, note: Annotation) -> TaskAnnotation:
        """Return a note as it is shown."""
        return cls(
            of_task=task,
            kind=note.type,
            task_annotation_id=strawberry.ID(str(number)),
            task_id=task.task_id,
            annotation_type_id=strawberry.ID(note.type),
            annotation=JSON(note.annotation),
            created_at=note.at,
            updated_at=note.at,
        )

    @strawberry.field
    def task(self) -> Task:
        """The task that it is on."""
        return self.of_task

    @strawberry.field
    async def annotation_type(self, info: ContextInfo) -> AnnotationType:
        """Its type."""
        found = await info.context.loaders.annotation_types.load(self.kind)
        return AnnotationType.of(self.kind, found)
