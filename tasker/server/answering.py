"""Errors to responses, and what routes share in answering."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from tasker.errors import TaskerError
from tasker.server.guard import BODY_DECIDES, PERMISSION, user_of
from tasker.server.headers import etag
from tasker.server.problems import (
    MEDIA_TYPE,
    Problem,
    headers_of,
    make_problem,
    problem_of,
)
from tasker.server.shapes.tasks import Task
from tasker.server.shell import ROOT_KEY
from tasker.task_view import TaskView

AnyRequest = Request[Any, Any, Any]

# As text, for `aware_instant` to read: the framework would take a number for an instant.
InstantText = Annotated[
    str | None, Parameter(max_length=64, required=False, schema_extra={"format": "date-time"})
]

_CODES = {
    400: "MALFORMED_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
_MEANINGS = {
    400: "The request cannot be read",
    401: "Nobody is known by what the request gives",
    403: "Whoever asks may not do that",
    404: "There is no such thing",
    408: "The body did not come in time",
    409: "Not in the state that it is in",
    412: "It has changed since",
    413: "Larger than is taken",
    415: "The body is not JSON",
    422: "The request can be read, and is refused",
    429: "Too much is under way; `Retry-After` says when to ask again",
    503: "The engine or its store does not work just now",
    504: "The engine that works the store did not answer in time",
}
HEADERS = "headers"
"""The key of a route's ``opt`` that names the headers that it heeds."""
_ALWAYS = (400, 401, 403, 503)


def guarded(
    permission: str,
    *statuses: int,
    body: bool = False,
    body_decides: bool = False,
    headers: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return what every route declares: the permission it needs, and how it can fail.

    Args:
        permission: ``resource:action``.
        statuses: Those of its problems, beside those that every route has.
        body: Whether it takes a body.
        body_decides: Whether the route asks for the permission again, about what its body says.
        headers: Those that it heeds, of `tasker.server.headers.HEADER_SCHEMAS`.
    """
    told = {*statuses, *_ALWAYS, *((408, 413, 415, 422) if body else ())}
    return {
        "opt": {PERMISSION: permission, BODY_DECIDES: body_decides, HEADERS: headers},
        "responses": {
            status: ResponseSpec(
                data_container=Problem,
                description=_MEANINGS[status],
                media_type=MEDIA_TYPE,
                generate_examples=False,
            )
            for status in sorted(told)
        },
    }


def answer_error(request: AnyRequest, error: Exception) -> Response[Problem]:
    """Return any error as a problem."""
    if isinstance(error, HTTPException):
        problem, headers = _framework_problem(request, error), dict(error.headers or {})
    else:
        problem = problem_of(error, instance_of(request))
        headers = headers_of(error)
    return Response(problem, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def answer_task(
    view: TaskView, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any
) -> Response[Task]:
    """Return a task with its entity tag."""
    tagged = {"ETag": etag(view.workflow_state.seq), **(headers or {})}
    return Response(Task.of(view, **more), status_code=status, headers=tagged)


def link(request: AnyRequest, path: str) -> str:
    """Return a path of ours as it is seen from outside."""
    return f"{request.scope.get(ROOT_KEY, '')}{path}"


def instance_of(request: AnyRequest) -> str:
    """Return the path that was asked for, as problems tell it."""
    return link(request, str(request.scope["path"]))


async def who(request: AnyRequest) -> str | None:
    """Return the id of whoever asks."""
    user = await user_of(request)
    return None if user is None else user.user_id


def _framework_problem(request: AnyRequest, error: HTTPException) -> Problem:
    status = error.status_code
    details: dict[str, list[str]] = {}
    message = error.detail
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        status = 422
        for each in error.extra:
            # The framework has no word for a body that is absent but its parameter's name.
            said = "the body is missing" if each.get("message") == "'data'" else each["message"]
            details.setdefault(str(each.get("key") or each.get("source") or ""), []).append(said)
        message = "; ".join(f"{name}: {', '.join(said)}" for name, said in details.items())
    if status >= 500:
        return problem_of(error, instance_of(request))
    code = "INVALID_REQUEST" if status == 422 else _CODES.get(status, HTTPStatus(status).name)
    return make_problem(
        status,
        code,
        message or HTTPStatus(status).phrase,
        details=details,
        instance=instance_of(request),
    )


HANDLERS: Mapping[int | type[Exception], Any] = {
    TaskerError: answer_error,
    HTTPException: answer_error,
    Exception: answer_error,
}
"""Every error is answered by the same function."""
