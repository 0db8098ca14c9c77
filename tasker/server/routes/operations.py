"""What is done to a task: cancel, pause, resume, retry, resolve."""

from __future__ import annotations

from collections.abc import Awaitable

from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from tasker.operator import Operator
from tasker.server.answering import AnyRequest, answer_task, guarded, who
from tasker.server.headers import expected_seq
from tasker.server.shapes.requests import Reason, RetryBody, reason_of
from tasker.server.shapes.tasks import Task
from tasker.server.sidecar import Sidecar
from tasker.stores.records import TaskState

_HEADERS = ("If-Match",)
_FAILURES = (404, 409, 412, 422, 504)


def operator_for(request: AnyRequest, sidecar: Sidecar) -> Operator:
    """Return the operations, done only if the task is as ``If-Match`` has it."""
    return sidecar.engine.expecting(expected_seq(request.headers))


async def answered(sidecar: Sidecar, task_id: str, done: Awaitable[TaskState]) -> Response[Task]:
    """Return the task as it is after an operation."""
    await done
    return answer_task(await sidecar.engine.get(task_id))


@delete(
    "/tasks/{task_id:str}",
    operation_id="deleteTask",
    tags=["tasks"],
    summary="Cancel a task",
    status_code=200,
    **guarded("tasker.task:cancel", *_FAILURES, headers=_HEADERS),
)
async def delete_task(
    request: AnyRequest, task_id: FromPath[str], sidecar: NamedDependency[Sidecar]
) -> Response[Task]:
    """Cancel a task, as `POST /tasks/{task_id}/cancel` does. Nothing is deleted."""
    operator = operator_for(request, sidecar)
    return await answered(sidecar, task_id, operator.cancel(task_id, by=await who(request)))


@post(
    "/tasks/{task_id:str}/cancel",
    operation_id="cancelTask",
    tags=["tasks"],
    summary="Cancel a task",
    status_code=200,
    **guarded("tasker.task:cancel", *_FAILURES, body=True, headers=_HEADERS),
)
async def cancel_task(
    request: AnyRequest,
    task_id: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[Reason | None] = None,
) -> Response[Task]:
    """End a task: running steps are cancelled, the others do not start."""
    reason, by = reason_of(data), await who(request)
    done = operator_for(request, sidecar).cancel(task_id, by=by, reason=reason)
    return await answered(sidecar, task_id, done)


@post(
    "/tasks/{task_id:str}/pause",
    operation_id="pauseTask",
    tags=["tasks"],
    summary="Pause a task",
    status_code=200,
    **guarded("tasker.task:pause", *_FAILURES, body=True, headers=_HEADERS),
)
async def pause_task(
    request: AnyRequest,
    task_id: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[Reason | None] = None,
) -> Response[Task]:
    """Start no more steps of a task until it is resumed; running ones finish."""
    reason, by = reason_of(data), await who(request)
    done = operator_for(request, sidecar).pause(task_id, by=by, reason=reason)
    return await answered(sidecar, task_id, done)


@post(
    "/tasks/{task_id:str}/resume",
    operation_id="resumeTask",
    tags=["tasks"],
    summary="Go on with a paused task",
    status_code=200,
    **guarded("tasker.task:resume", *_FAILURES, body=True, headers=_HEADERS),
)
async def resume_task(
    request: AnyRequest,
    task_id: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[Reason | None] = None,
) -> Response[Task]:
    """Go on with a paused task."""
    reason, by = reason_of(data), await who(request)
    done = operator_for(request, sidecar).resume(task_id, by=by, reason=reason)
    return await answered(sidecar, task_id, done)


@post(
    "/tasks/{task_id:str}/retry",
    operation_id="retryTask",
    tags=["tasks"],
    summary="Try failed steps again",
    status_code=200,
    **guarded("tasker.task:retry", *_FAILURES, body=True, headers=_HEADERS),
)
async def retry_task(
    request: AnyRequest,
    task_id: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[RetryBody | None] = None,
) -> Response[Task]:
    """Try a failed step again at once, or all failed ones; what is done is kept."""
    body, by = data or RetryBody(), await who(request)
    done = operator_for(request, sidecar).retry(task_id, body.step, by=by, reason=body.reason)
    return await answered(sidecar, task_id, done)


@post(
    "/tasks/{task_id:str}/resolve",
    operation_id="resolveTask",
    tags=["tasks"],
    summary="Take a failed task as done",
    status_code=200,
    **guarded("tasker.task:resolve", *_FAILURES, body=True, headers=_HEADERS),
)
async def resolve_task(
    request: AnyRequest,
    task_id: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    data: JSONBody[Reason | None] = None,
) -> Response[Task]:
    """Take a failed task as done by hand."""
    reason, by = reason_of(data), await who(request)
    done = operator_for(request, sidecar).resolve_task(task_id, by=by, reason=reason)
    return await answered(sidecar, task_id, done)


ROUTES = (delete_task, cancel_task, pause_task, resume_task, retry_task, resolve_task)
