"""What can be done. Each takes one ``input`` and gives a payload.

Where something is refused, the payload's object is null and ``errors`` says why; the same is
among the errors of the answer, with the path of the mutation.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import msgspec
import strawberry
from msgspec import to_builtins
from strawberry.scalars import JSON

from tasker.errors import DuplicateTaskError, InvalidRequestError, TaskerError
from tasker.server.graphql.context import Context, ContextInfo
from tasker.server.graphql.inputs import (
    AnnotateTaskInput,
    CreateTaskInput,
    ResolveStepInput,
    StepActionInput,
    TaskActionInput,
    UpdateStepInput,
    UpdateTaskInput,
)
from tasker.server.graphql.queries import step_of
from tasker.server.graphql.tasks import Task, WorkflowStep
from tasker.server.problems import Problem, problem_of
from tasker.server.routes.tasks import check_repeated, task_request
from tasker.server.shapes.requests import (
    AnnotationBody,
    Reason,
    StepResolution,
    StepUpdate,
    TaskBody,
    TaskUpdate,
)
from tasker.stores.records import TaskState
from tasker.task_view import TaskView

B = TypeVar("B", bound=msgspec.Struct)


@strawberry.type
class Refusal:
    """Why something was not done: as the problems of the HTTP API, see there."""

    type: str
    code: str
    status: int
    message: str
    details: JSON

    @classmethod
    def of(cls, problem: Problem) -> Refusal:
        """Return a problem as it is shown."""
        return cls(
            type=problem.type,
            code=problem.code,
            status=problem.status,
            message=problem.message,
            details=JSON(to_builtins(problem.details)),
        )


@strawberry.type
class TaskPayload:
    """The task after what was done, or why it was not."""

    task: Task | None
    errors: list[Refusal]


@strawberry.type
class StepPayload:
    """The step after what was done, or why it was not."""

    step: WorkflowStep | None
    errors: list[Refusal]


@strawberry.type
class Mutation:
    """What can be done."""

    @strawberry.mutation
    async def create_task(self, info: ContextInfo, input: CreateTaskInput) -> TaskPayload:
        """Make a task durable, and answer with it as it was created.

        The same ``idempotencyKey`` again, for the same namespace and name, gives the first task.
        """
        return await _task(info, _created(info.context, input))

    @strawberry.mutation
    async def update_task(self, info: ContextInfo, input: UpdateTaskInput) -> TaskPayload:
        """Change why a task was asked for, or its tags."""

        async def done() -> TaskState:
            body = _body(TaskUpdate, reason=input.reason, tags=input.tags)
            return await info.context.operator(input.expected_seq).update_task(
                input.task_id, task_reason=body.reason, tags=body.tags, by=info.context.by
            )

        return await _task(info, _after(info.context, input.task_id, done()))

    @strawberry.mutation
    async def cancel_task(self, info: ContextInfo, input: TaskActionInput) -> TaskPayload:
        """End a task: running steps are cancelled, the others do not start."""
        return await _acted(info, "cancel", input)

    @strawberry.mutation
    async def pause_task(self, info: ContextInfo, input: TaskActionInput) -> TaskPayload:
        """Start no more steps of a task until it is resumed; running ones finish."""
        return await _acted(info, "pause", input)

    @strawberry.mutation
    async def resume_task(self, info: ContextInfo, input: TaskActionInput) -> TaskPayload:
        """Go on with a paused task."""
        return await _acted(info, "resume", input)

    @strawberry.mutation
    async def retry_task(self, info: ContextInfo, input: TaskActionInput) -> TaskPayload:
        """Try all failed steps again at once; what is done is kept."""
        return await _acted(info, "retry", input)

    @strawberry.mutation
    async def resolve_task(self, info: ContextInfo, input: TaskActionInput) -> TaskPayload:
        """Take a failed task as done by hand."""
        return await _acted(info, "resolve_task", input)

    @strawberry.mutation
    async def annotate_task(self, info: ContextInfo, input: AnnotateTaskInput) -> TaskPayload:
        """Note something on a task."""

        async def done() -> TaskState:
            body = _body(AnnotationBody, type=input.type, annotation=_parsed(input.annotation))
            return await info.context.operator(input.expected_seq).annotate(
                input.task_id, body.type, body.annotation, by=info.context.by
            )

        return await _task(info, _after(info.context, input.task_id, done()))

    @strawberry.mutation
    async def update_step(self, info: ContextInfo, input: UpdateStepInput) -> StepPayload:
        """Change a step's retry limit or inputs, for its next attempt."""

        async def done() -> TaskState:
            inputs = _parsed(input.inputs)
            body = _body(StepUpdate, retry_limit=input.retry_limit, inputs=inputs)
            return await info.context.operator(input.expected_seq).update_step(
                *(input.task_id, input.step_id),
                retry_limit=body.retry_limit,
                inputs=body.inputs,
                by=info.context.by,
            )

        return await _step(info, input.step_id, _after(info.context, input.task_id, done()))

    @strawberry.mutation
    async def cancel_step(self, info: ContextInfo, input: StepActionInput) -> StepPayload:
        """End one step; what depends on it cannot run, and the task ends in error."""
        return await _acted_on_step(info, "cancel_step", input)

    @strawberry.mutation
    async def retry_step(self, info: ContextInfo, input: StepActionInput) -> StepPayload:
        """Try a failed step again at once; without attempts left it gets its whole limit again."""
        return await _acted_on_step(info, "retry", input)

    @strawberry.mutation
    async def resolve_step(self, info: ContextInfo, input: ResolveStepInput) -> StepPayload:
        """Take a step as done by hand, with these results; a failed task then goes on."""

        async def done() -> TaskState:
            body = _body(StepResolution, reason=input.reason)
            return await info.context.operator(input.expected_seq).resolve_step(
                *(input.task_id, input.step_id),
                results=input.results,
                by=info.context.by,
                reason=body.reason,
            )

        return await _step(info, input.step_id, _after(info.context, input.task_id, done()))


async def _created(context: Context, given: CreateTaskInput) -> TaskView:
    body = _body(
        TaskBody,
        name=given.name,
        namespace=given.namespace,
        version=given.version,
        context=_parsed(given.context),
        initiator=given.initiator,
        source_system=given.source_system,
        reason=given.reason,
        tags=given.tags or (),
        bypass_steps=given.bypass_steps or (),
        priority=given.priority,
        idempotency_key=given.idempotency_key,
    )
    asked = await task_request(context.caller, body, None)
    with context.sidecar.admission.admitted():
        try:
            return await context.engine.create(asked)
        except DuplicateTaskError as error:
            if asked.idempotency_key is None:
                raise
            await check_repeated(context.caller, context.sidecar, asked, error.task_id)
            return await context.engine.get(error.task_id)


async def _acted(info: ContextInfo, verb: str, given: TaskActionInput) -> TaskPayload:
    async def done() -> None:
        body = _body(Reason, reason=given.reason)
        act = getattr(info.context.operator(given.expected_seq), verb)
        await act(given.task_id, by=info.context.by, reason=body.reason)

    return await _task(info, _after(info.context, given.task_id, done()))


async def _acted_on_step(info: ContextInfo, verb: str, given: StepActionInput) -> StepPayload:
    async def done() -> None:
        body = _body(Reason, reason=given.reason)
        act = getattr(info.context.operator(given.expected_seq), verb)
        await act(given.task_id, given.step_id, by=info.context.by, reason=body.reason)

    return await _step(info, given.step_id, _after(info.context, given.task_id, done()))


async def _after(context: Context, task_id: str, done: Awaitable[object]) -> TaskView:
    await done
    # What was read before is as it was before.
    context.loaders.forget()
    return await context.engine.get(task_id)


async def _task(info: ContextInfo, work: Awaitable[TaskView]) -> TaskPayload:
    try:
        return TaskPayload(task=Task.of(await work), errors=[])
    except TaskerError as error:
        return TaskPayload(task=None, errors=[_refused(info, error)])


async def _step(info: ContextInfo, name: str, work: Awaitable[TaskView]) -> StepPayload:
    try:
        return StepPayload(step=step_of(await work, name), errors=[])
    except TaskerError as error:
        return StepPayload(step=None, errors=[_refused(info, error)])


def _refused(info: ContextInfo, error: TaskerError) -> Refusal:
    info.context.refused.append((info.path.as_list(), error))
    return Refusal.of(problem_of(error))


def _body(kind: type[B], **fields: Any) -> B:
    """Return what was given under the bounds that the HTTP API has for it."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(str(error)) from error


def _parsed(value: Any) -> Any:
    """Return an object that may have been given as a string of JSON."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise InvalidRequestError(f"the string is no JSON: {error}") from error
