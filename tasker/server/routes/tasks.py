"""Tasks: create, list, show, update, wait for."""

from __future__ import annotations

from typing import Annotated

import anyio.to_thread
from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, Parameter

from tasker.analysis.runtime import TaskAnalysis, analyze_task
from tasker.errors import DuplicateTaskError, UnknownTaskError
from tasker.request import TaskRequest, instant
from tasker.server.access.caller import Caller
from tasker.server.access.protocols import ANONYMOUS
from tasker.server.answering import AnyRequest, answer_task, guarded, link, who
from tasker.server.errors import ReusedKeyError
from tasker.server.guard import caller_of
from tasker.server.headers import (
    expected_seq,
    idempotency_key,
    preferred_wait,
)
from tasker.server.routes.filters import Tasks
from tasker.server.shapes.requests import TaskBody, TaskUpdate
from tasker.server.shapes.tasks import Task, TaskPage
from tasker.server.sidecar import Sidecar
from tasker.task_view import TaskView

MOST_PER_PAGE = 100


@post(
    "/tasks",
    operation_id="createTask",
    tags=["tasks"],
    summary="Create a task",
    **guarded(
        *("tasker.task:create", 409, 429),
        body=True,
        body_decides=True,
        headers=("Idempotency-Key", "Prefer"),
    ),
)
async def create_task(
    request: AnyRequest, data: JSONBody[TaskBody], sidecar: NamedDependency[Sidecar]
) -> Response[Task]:
    """Make a task durable, and answer once it is, with the task as it was created.

    The same `Idempotency-Key` again, for the same namespace and name, gives the task of the
    first request with 200 and `Idempotency-Replayed: true`. `Prefer: wait=N` has the answer
    wait until the task is at rest, for N seconds at most.
    """
    key = idempotency_key(request.headers)
    wait = preferred_wait(request.headers)
    caller = await caller_of(request)
    asked = await task_request(caller, data, key)
    headers: dict[str, str] = {}
    status = 201
    with sidecar.admission.admitted():
        try:
            view = await sidecar.engine.create(asked)
        except DuplicateTaskError as error:
            if asked.idempotency_key is None:
                raise
            await check_repeated(caller, sidecar, asked, error.task_id)
            view, status = await sidecar.engine.get(error.task_id), 200
            headers["Idempotency-Replayed"] = "true"
    headers["Location"] = link(request, f"/tasks/{view.task_id}")
    if wait is not None:
        view = await seen(sidecar, view.task_id, wait, headers)
    return answer_task(view, status=status, headers=headers)


@get(
    "/tasks",
    operation_id="listTasks",
    tags=["tasks"],
    summary="List tasks, newest first",
    **guarded("tasker.task:index", 422),
)
async def list_tasks(
    *,
    sidecar: NamedDependency[Sidecar],
    chosen: NamedDependency[Tasks],
    cursor: FromQuery[Annotated[str | None, Parameter(max_length=64, required=False)]] = None,
    per_page: FromQuery[Annotated[int, Parameter(ge=1, le=MOST_PER_PAGE)]] = 25,
) -> TaskPage:
    """Return a page of the tasks for which every filter holds.

    `status` and `tag` may be repeated: any of the states, all of the tags. `created_from` is
    inclusive, `created_until` exclusive. Whoever may see their own tasks alone gets these.
    Following `next_cursor` gives every task that was
    there at the first page once, whatever is created meanwhile.
    """
    page = await sidecar.engine.list_tasks(chosen, cursor=cursor, limit=per_page)
    counts = await sidecar.engine.count_tasks(chosen)
    return TaskPage.of(page, total=sum(counts.values()), limit=per_page)


@get(
    "/tasks/{task_id:str}",
    operation_id="getTask",
    tags=["tasks"],
    summary="Show a task",
    **guarded("tasker.task:show", 404, 422, headers=("Prefer",)),
)
async def show_task(
    request: AnyRequest,
    task_id: FromPath[str],
    sidecar: NamedDependency[Sidecar],
    include_dependencies: FromQuery[bool] = False,
) -> Response[Task]:
    """Return a task with its steps and annotations; with `include_dependencies` its analysis.

    `Prefer: wait=N` waits until the task is at rest, for N seconds at most.
    """
    headers: dict[str, str] = {}
    view = await seen(sidecar, task_id, preferred_wait(request.headers), headers)
    return answer_task(
        view,
        headers=headers,
        annotations=await sidecar.engine.annotations(task_id),
        dependencies=await _analysis(sidecar, view) if include_dependencies else None,
    )


@patch(
    "/tasks/{task_id:str}",
    operation_id="updateTask",
    tags=["tasks"],
    summary="Change a task's reason or tags",
    **guarded("tasker.task:update", 404, 409, 412, 504, body=True, headers=("If-Match",)),
)
async def update_task(
    request: AnyRequest,
    task_id: FromPath[str],
    data: JSONBody[TaskUpdate],
    sidecar: NamedDependency[Sidecar],
) -> Response[Task]:
    """Change why a task was asked for, or its tags. `If-Match` has it refused if it changed."""
    operator = sidecar.engine.expecting(expected_seq(request.headers))
    await operator.update_task(
        task_id, task_reason=data.reason, tags=data.tags, by=await who(request)
    )
    return answer_task(await sidecar.engine.get(task_id))


async def task_request(caller: Caller, body: TaskBody, key: str | None) -> TaskRequest:
    """Return a body as the engine takes it; who asks is the initiator unless it names one.

    Raises:
        AuthorizationError: Whoever asks may not create that.
    """
    user_id = None if caller.user is None else caller.user.user_id
    initiator = body.initiator or user_id
    await caller.require("tasker.task:create", namespace=body.namespace, initiator=initiator)
    return TaskRequest(
        name=body.name,
        namespace=body.namespace,
        version=body.version,
        context=body.context,
        initiator=initiator or "unknown",
        by=None if user_id == ANONYMOUS else user_id,
        source_system=body.source_system,
        reason=body.reason,
        tags=body.tags,
        bypass_steps=body.bypass_steps,
        priority=body.priority,
        idempotency_key=body.idempotency_key or key,
    )


async def check_repeated(
    caller: Caller, sidecar: Sidecar, asked: TaskRequest, task_id: str
) -> None:
    """Raise `ReusedKeyError` when a task was asked for otherwise than this.

    Raises:
        AuthorizationError: It is not one that whoever asks could have created.
    """
    await caller.require("tasker.task:create", task_id=task_id)
    if not await sidecar.engine.is_repetition(asked, task_id):
        raise ReusedKeyError(task_id=task_id)


async def seen(
    sidecar: Sidecar, task_id: str, wait: float | None, headers: dict[str, str]
) -> TaskView:
    """Return a task, after the wait that was preferred, and say so in the headers."""
    if wait is None:
        return await sidecar.engine.get(task_id)
    headers["Preference-Applied"] = f"wait={wait:.0f}"
    return await sidecar.wait(task_id, wait)


async def _analysis(sidecar: Sidecar, view: TaskView) -> TaskAnalysis:
    history = await sidecar.engine.history(view.task_id)
    now = instant(sidecar.engine.live().at)
    if now is None:
        raise UnknownTaskError(task_id=view.task_id)
    # A large graph takes up to a second.
    return await anyio.to_thread.run_sync(lambda: analyze_task(view, history, now=now))


ROUTES = (create_task, list_tasks, show_task, update_task)
