"""Requests for tasks, so that sending them again makes no second task."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import httpx
import msgspec
from msgspec import Struct

from tasker.client.errors import error_of_problem
from tasker.client.received import read
from tasker.client.sending import Answer, Sender
from tasker.errors import DuplicateTaskError, InvalidRequestError, TaskerError
from tasker.request import TaskRequest, check_is_request
from tasker.server.shapes.bulk import BulkOutcome, BulkOutcomes
from tasker.server.shapes.requests import BulkBody, TaskBody
from tasker.telemetry.scope import CURRENT

CORRELATION_HEADER = "X-Correlation-ID"
REPLAYED = "Idempotency-Replayed"
_KNOWN = 200
"""What became of a request whose key was known; a new task has 201."""


class Submitting:
    """Sends requests for tasks.

    A key of the caller's own that the first try finds taken belongs to an earlier task, and
    `DuplicateTaskError` is raised, as by an engine. Found taken by a later try, it was most
    likely taken by the try before, whose answer was lost: then the task is returned.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def create(self, request: TaskRequest) -> httpx.Response:
        """Create a task and return the answer that has it; raises as `TaskerClient.create`."""
        body = self._body(request)
        try:
            answer = await self._sender.send(
                "POST",
                "/tasks",
                body=body,
                headers=_headers([request]),
                safe=body.idempotency_key is not None,
            )
        except DuplicateTaskError as error:
            _named(error, request)
            raise
        response = answer.response
        if response.headers.get(REPLAYED) and answer.tries == 1 and request.idempotency_key:
            task_id = msgspec.json.decode(response.content, type=_TaskId).task_id
            raise DuplicateTaskError(task_id=task_id, identity=request.idempotency_key)
        return response

    async def create_many(self, requests: Sequence[TaskRequest]) -> list[str | TaskerError]:
        """Create tasks with one request; what becomes of each stands in its place."""
        if not requests:
            return []
        bodies = tuple(self._body(request) for request in requests)
        answer = await self._sender.send(
            "POST",
            "/tasks/bulk",
            body=BulkBody(tasks=bodies),
            headers=_headers(requests),
            safe=all(body.idempotency_key is not None for body in bodies),
        )
        outcomes = read(answer.response, BulkOutcomes).outcomes
        return [
            _outcome(request, outcome, answer)
            for request, outcome in zip(requests, outcomes, strict=True)
        ]

    def _body(self, request: TaskRequest) -> TaskBody:
        check_is_request(request)
        if request.requested_at is not None:
            raise InvalidRequestError(
                "a server takes no requested_at: it is the time at which the request came"
            )
        key = request.idempotency_key
        if key is None and self._sender.config.generate_keys:
            key = str(uuid.uuid4())
        return TaskBody(
            name=request.name,
            namespace=request.namespace,
            version=request.version,
            context=request.context,
            initiator=None if request.initiator == "unknown" else request.initiator,
            source_system=request.source_system,
            reason=request.reason,
            tags=tuple(request.tags),
            bypass_steps=tuple(request.bypass_steps),
            priority=request.priority,
            idempotency_key=key,
        )


class _TaskId(Struct, frozen=True):
    task_id: str


def _headers(requests: Sequence[TaskRequest]) -> dict[str, str]:
    """Return the headers that join tasks with what caused them: those of the request at hand.

    Raises:
        InvalidRequestError: The tasks of one request are joined with different things.
    """
    found = {(each.correlation_id, each.traceparent, each.tracestate) for each in requests}
    if len(found) > 1:
        raise InvalidRequestError(
            "tasks that are submitted together have one correlation id and trace context; "
            "submit those that differ by themselves"
        )
    [(correlation_id, traceparent, tracestate)] = found
    scope = CURRENT.get()
    if correlation_id is None and scope is not None:
        correlation_id = scope.correlation_id
    given = {
        CORRELATION_HEADER: correlation_id,
        "traceparent": traceparent,
        "tracestate": tracestate,
    }
    return {name: value for name, value in given.items() if value is not None}


def _outcome(request: TaskRequest, outcome: BulkOutcome, answer: Answer) -> str | TaskerError:
    if outcome.problem is not None:
        error = error_of_problem(outcome.problem, url=answer.url, headers={})
        return _named(error, request)
    task_id = outcome.task_id or ""
    if outcome.status == _KNOWN and answer.tries == 1 and request.idempotency_key is not None:
        return DuplicateTaskError(task_id=task_id, identity=request.idempotency_key)
    return task_id


def _named(error: TaskerError, request: TaskRequest) -> TaskerError:
    """Return the error; a server does not say by what a task was known already."""
    if isinstance(error, DuplicateTaskError):
        error.identity = request.idempotency_key or ""
    return error
