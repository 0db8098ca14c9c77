"""Many tasks with one request."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec.structs import replace

from tasker.errors import DuplicateTaskError, InvalidRequestError, TaskerError
from tasker.request import TaskRequest
from tasker.server.access.caller import Caller
from tasker.server.answering import AnyRequest, guarded
from tasker.server.guard import caller_of
from tasker.server.headers import idempotency_key
from tasker.server.problems import problem_of
from tasker.server.routes.tasks import check_repeated, task_request
from tasker.server.shapes.bulk import BulkOutcome, BulkOutcomes
from tasker.server.shapes.requests import BulkBody
from tasker.server.sidecar import Sidecar


@post(
    "/tasks/bulk",
    operation_id="createTasks",
    tags=["tasks"],
    summary="Create many tasks",
    status_code=200,
    **guarded(
        *("tasker.task:create", 429), body=True, body_decides=True, headers=("Idempotency-Key",)
    ),
)
async def create_tasks(
    request: AnyRequest, data: JSONBody[BulkBody], sidecar: NamedDependency[Sidecar]
) -> BulkOutcomes:
    """Make tasks durable together, and answer once they are; each is refused for itself.

    With an `Idempotency-Key`, each request without a key of its own has that key, `/` and
    its place in the list, from 0.
    """
    most = sidecar.config.max_bulk_tasks
    if len(data.tasks) > most:
        raise InvalidRequestError(f"{len(data.tasks)} tasks; one request may have {most}")
    key = idempotency_key(request.headers)
    caller = await caller_of(request)
    asked: list[TaskRequest] = []
    refused: dict[int, TaskerError] = {}
    for index, body in enumerate(data.tasks):
        try:
            asked.append(
                await task_request(caller, body, None if key is None else f"{key}/{index}")
            )
        except TaskerError as error:
            refused[index] = error
    with sidecar.admission.admitted(len(asked)):
        answers = await sidecar.engine.submit_many(asked)
    taken = iter(
        [await _outcome(caller, sidecar, *each) for each in zip(asked, answers, strict=True)]
    )
    outcomes = tuple(
        replace(next(taken), index=index)
        if index not in refused
        else _refusal(refused[index], index)
        for index in range(len(data.tasks))
    )
    return BulkOutcomes(
        created=sum(outcome.status == 201 for outcome in outcomes),
        refused=sum(outcome.problem is not None for outcome in outcomes),
        outcomes=outcomes,
    )


async def _outcome(
    caller: Caller, sidecar: Sidecar, asked: TaskRequest, answer: str | TaskerError
) -> BulkOutcome:
    if isinstance(answer, str):
        return BulkOutcome(index=0, status=201, task_id=answer, problem=None)
    if isinstance(answer, DuplicateTaskError) and asked.idempotency_key is not None:
        try:
            await check_repeated(caller, sidecar, asked, answer.task_id)
            return BulkOutcome(index=0, status=200, task_id=answer.task_id, problem=None)
        except TaskerError as error:
            answer = error
    return _refusal(answer, 0)


def _refusal(error: TaskerError, index: int) -> BulkOutcome:
    problem = problem_of(error)
    return BulkOutcome(index=index, status=problem.status, task_id=None, problem=problem)


ROUTES = (create_tasks,)
