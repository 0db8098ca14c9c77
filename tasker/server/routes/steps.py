"""The steps of a task, known by their names: to look at, to change, to act on."""

from __future__ import annotations

from collections.abc import Awaitable

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from tasker.errors import UnknownStepError
from tasker.server.answering import AnyRequest, guarded, who
from tasker.server.headers import etag
from tasker.server.routes.operations import operator_for
from tasker.server.shapes.requests import Reason, StepResolution, StepUpdate, reason_of
from tasker.server.shapes.tasks import StepList, WorkflowStep
from tasker.server.shell import ENCODED_SLASH
from tasker.server.sidecar import Sidecar
from tasker.stores.records import TaskState
from tasker.task_view import TaskView

_HEADERS = ("If-Match",)
_FAILURES = (404, 409, 412, 422, 504)
_STEPS = "/tasks/{task_id:str}/workflow_steps"
_STEP = f"{_STEPS}/{{step_name:str}}"


def named_step(step_name: FromPath[str]) -> str:
    """Return the name of the step in a path, with the slashes that it has."""
    return step_name.replace(ENCODED_SLASH, "/")


@get(
    _STEPS,
    operation_id="listSteps",
    tags=["workflow steps"],
    summary="List the steps of a task",
    **guarded("tasker.workflow_step:index", 404),
)
async def list_steps(task_id: FromPath[str], sidecar: NamedDependency[Sidecar]) -> StepList:
    """Return the steps of a task, in the order of its definition."""
    view = await sidecar.engine.get(task_id)
    return StepList(steps=tuple(WorkflowStep.of(task_id, step) for step in view.steps))


@get(
    _STEP,
    operation_id="getStep",
    tags=["workflow steps"],
    summary="Show a step",
    **guarded("tasker.workflow_step:show", 404),
)
async def show_step(
    task_id: FromPath[str], named_step: NamedDependency[str], sidecar: NamedDependency[Sidecar]
) -> Response[WorkflowStep]:
    """Return a step of a task; its `ETag` is the task's."""
    return _answer(await sidecar.engine.get(task_id), named_step)


@patch(
    _STEP,
    operation_id="updateStep",
    tags=["workflow steps"],
    summary="Change a step's retry limit or inputs",
    **guarded("tasker.workflow_step:update", *_FAILURES, body=True, headers=_HEADERS),
)
async def update_step(
    request: AnyRequest,
    task_id: FromPath[str],
    named_step: NamedDependency[str],
    data: JSONBody[StepUpdate],
    sidecar: NamedDependency[Sidecar],
) -> Response[WorkflowStep]:
    """Change a step's retry limit or inputs, for its next attempt."""
    done = operator_for(request, sidecar).update_step(
        task_id,
        named_step,
        retry_limit=data.retry_limit,
        inputs=data.inputs,
        by=await who(request),
        reason=data.reason,
    )
    return await _answered(sidecar, task_id, named_step, done)


@delete(
    _STEP,
    operation_id="deleteStep",
    tags=["workflow steps"],
    summary="Cancel a step",
    status_code=200,
    **guarded("tasker.workflow_step:cancel", *_FAILURES, headers=_HEADERS),
)
async def delete_step(
    request: AnyRequest,
    task_id: FromPath[str],
    named_step: NamedDependency[str],
    sidecar: NamedDependency[Sidecar],
) -> Response[WorkflowStep]:
    """Cancel a step, as `POST .../cancel` does. Nothing is deleted."""
    operator, by = operator_for(request, sidecar), await who(request)
    done = operator.cancel_step(task_id, named_step, by=by)
    return await _answered(sidecar, task_id, named_step, done)


@post(
    f"{_STEP}/cancel",
    operation_id="cancelStep",
    tags=["workflow steps"],
    summary="Cancel a step",
    status_code=200,
    **guarded("tasker.workflow_step:cancel", *_FAILURES, body=True, headers=_HEADERS),
)
async def cancel_step(
    request: AnyRequest,
    task_id: FromPath[str],
    named_step: NamedDependency[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[Reason | None] = None,
) -> Response[WorkflowStep]:
    """End one step; what depends on it cannot run, and the task ends in error."""
    operator, by = operator_for(request, sidecar), await who(request)
    done = operator.cancel_step(task_id, named_step, by=by, reason=reason_of(data))
    return await _answered(sidecar, task_id, named_step, done)


@post(
    f"{_STEP}/retry",
    operation_id="retryStep",
    tags=["workflow steps"],
    summary="Try a failed step again",
    status_code=200,
    **guarded("tasker.workflow_step:retry", *_FAILURES, body=True, headers=_HEADERS),
)
async def retry_step(
    request: AnyRequest,
    task_id: FromPath[str],
    named_step: NamedDependency[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[Reason | None] = None,
) -> Response[WorkflowStep]:
    """Try a failed step again at once; without attempts left it gets its whole limit again."""
    operator, by = operator_for(request, sidecar), await who(request)
    done = operator.retry(task_id, named_step, by=by, reason=reason_of(data))
    return await _answered(sidecar, task_id, named_step, done)


@post(
    f"{_STEP}/reset",
    operation_id="resetStep",
    tags=["workflow steps"],
    summary="Let a step's attempts so far not count",
    status_code=200,
    **guarded("tasker.workflow_step:update", *_FAILURES, body=True, headers=_HEADERS),
)
async def reset_step(
    request: AnyRequest,
    task_id: FromPath[str],
    named_step: NamedDependency[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[Reason | None] = None,
) -> Response[WorkflowStep]:
    """Let a step's attempts so far not count against its limit."""
    operator, by = operator_for(request, sidecar), await who(request)
    done = operator.reset_attempts(task_id, named_step, by=by, reason=reason_of(data))
    return await _answered(sidecar, task_id, named_step, done)


@post(
    f"{_STEP}/resolve",
    operation_id="resolveStep",
    tags=["workflow steps"],
    summary="Take a step as done",
    status_code=200,
    **guarded("tasker.workflow_step:resolve", *_FAILURES, body=True, headers=_HEADERS),
)
async def resolve_step(
    request: AnyRequest,
    task_id: FromPath[str],
    named_step: NamedDependency[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[StepResolution | None] = None,
) -> Response[WorkflowStep]:
    """Take a step as done by hand, with these results; a failed task then goes on."""
    body, by = data or StepResolution(), await who(request)
    done = operator_for(request, sidecar).resolve_step(
        task_id, named_step, results=body.results, by=by, reason=body.reason
    )
    return await _answered(sidecar, task_id, named_step, done)


async def _answered(
    sidecar: Sidecar, task_id: str, step_name: str, done: Awaitable[TaskState]
) -> Response[WorkflowStep]:
    await done
    return _answer(await sidecar.engine.get(task_id), step_name)


def _answer(view: TaskView, step_name: str) -> Response[WorkflowStep]:
    try:
        step = view.step(step_name)
    except KeyError:
        known = tuple(each.name for each in view.steps)
        raise UnknownStepError(task_id=view.task_id, step=step_name, known=known) from None
    tagged = {"ETag": etag(view.workflow_state.seq)}
    return Response(WorkflowStep.of(view.task_id, step), headers=tagged)


ROUTES = (
    *(list_steps, show_step, update_step, delete_step),
    *(cancel_step, retry_step, reset_step, resolve_step),
)
