"""Errors as HTTP tells them: RFC 9457 problem details, and one table of what becomes what."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct

import tasker.errors as errors
import tasker.server.errors as refusals

logger = logging.getLogger("tasker.server")

MEDIA_TYPE = "application/problem+json"
KEYS_RETRY_SECONDS = 10
"""When to ask again where keys cannot be got: they are not looked for more often."""
STORE_RETRY_SECONDS = 1
"""When to ask again after the store failed: it is probed four times a second."""


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong with a request.

    ``type`` names the kind of problem and ``title`` says it in words; ``detail`` and
    ``message`` say what was wrong this time: the one is the name of RFC 9457, the other
    that of Tasker's guide. ``code`` is for programs, ``details`` has the facts, such as
    the fields that were wrong, and ``instance`` is the path that was asked for.
    """

    type: str
    title: str
    status: int
    detail: str
    message: str
    code: str
    details: Mapping[str, Any] = {}
    instance: str | None = None


class Kind(Struct, frozen=True):
    """How a class of errors is told: status, code, title, and which of its facts."""

    status: int
    code: str
    title: str
    facts: Callable[[Any], Mapping[str, Any]] = lambda error: {}


def _named(*names: str) -> Callable[[Any], Mapping[str, Any]]:
    # An error that came from another process has the facts that survived the way.
    return lambda error: {name: getattr(error, name, None) for name in names}


def _violations(error: errors.ContextValidationError) -> Mapping[str, Any]:
    found: dict[str, list[str]] = {}
    for path, message in error.violations:
        found.setdefault(f"context{path}", []).append(message)
    return found


KINDS: Mapping[type[Exception], Kind] = {
    errors.UnknownTaskError: Kind(404, "TASK_NOT_FOUND", "No such task", _named("task_id")),
    errors.UnknownStepError: Kind(
        404, "STEP_NOT_FOUND", "No such step", _named("task_id", "step", "known")
    ),
    errors.UnknownSubscriptionError: Kind(
        404, "SUBSCRIPTION_NOT_FOUND", "No such subscription", _named("subscription", "known")
    ),
    errors.UnknownDefinitionError: Kind(
        422, "HANDLER_NOT_FOUND", "No such handler", _named("namespace", "name", "version", "known")
    ),
    errors.ContextValidationError: Kind(
        422, "INVALID_TASK_CONFIG", "The context does not fit the schema", _violations
    ),
    errors.BypassError: Kind(
        422,
        "INVALID_TASK_CONFIG",
        "A step cannot be bypassed",
        lambda error: {"bypass_steps": [str(error)]},
    ),
    errors.InvalidRequestError: Kind(422, "INVALID_REQUEST", "The request is refused"),
    errors.SizeLimitError: Kind(413, "TOO_LARGE", "Too large to keep"),
    errors.EncodingError: Kind(422, "INVALID_REQUEST", "This cannot be kept"),
    errors.DuplicateTaskError: Kind(409, "DUPLICATE_TASK", "Such a task exists", _named("task_id")),
    errors.InvalidOperationError: Kind(
        409, "INVALID_STATE", "Not in this state", _named("operation", "subject", "state", "legal")
    ),
    errors.InvalidTransitionError: Kind(409, "INVALID_STATE", "Not in this state"),
    errors.TaskChangedError: Kind(
        412, "TASK_CHANGED", "It has changed since", _named("task_id", "expected_seq", "seq")
    ),
    errors.EngineClosedError: Kind(503, "SHUTTING_DOWN", "The engine is closed"),
    errors.StoreError: Kind(503, "STORE_UNAVAILABLE", "The store does not work just now"),
    refusals.AuthenticationError: Kind(401, "AUTHENTICATION_FAILED", "Who are you?"),
    refusals.KeysUnavailableError: Kind(503, "KEYS_UNAVAILABLE", "Nobody can be known just now"),
    refusals.AuthorizationError: Kind(
        403, "AUTHORIZATION_FAILED", "Not allowed", _named("permission")
    ),
    refusals.OverloadedError: Kind(429, "TOO_MANY_REQUESTS", "Too much is under way"),
    refusals.PreconditionError: Kind(
        400, "INVALID_HEADER", "A header cannot be understood", _named("header")
    ),
    errors.NoAnswerError: Kind(504, "NO_ANSWER", "No answer from the engine"),
    refusals.SlowClientError: Kind(408, "TOO_SLOW", "The request took too long"),
    refusals.MediaTypeError: Kind(415, "UNSUPPORTED_MEDIA_TYPE", "Send JSON"),
    refusals.CrossSiteError: Kind(403, "CROSS_SITE", "Not from there"),
    refusals.EventsElsewhereError: Kind(409, "EVENTS_ELSEWHERE", "No events here"),
    refusals.ReusedKeyError: Kind(
        422, "IDEMPOTENCY_KEY_REUSED", "The key belongs to another request", _named("task_id")
    ),
    refusals.MalformedQueryError: Kind(400, "MALFORMED_QUERY", "The query cannot be read"),
    refusals.InvalidQueryError: Kind(400, "INVALID_QUERY", "The query does not fit the schema"),
    refusals.QueryLimitError: Kind(
        400, "QUERY_LIMIT", "Too much is asked for", _named("limit", "found", "most")
    ),
    refusals.IntrospectionError: Kind(403, "INTROSPECTION_OFF", "The schema is not told"),
    RecursionError: Kind(400, "MALFORMED_REQUEST", "Nested too deeply"),
    refusals.NotFoundError: Kind(404, "NOT_FOUND", "There is no such thing"),
}
"""How each error is told; the nearest class of an error decides."""


def problem_of(error: Exception, instance: str | None = None) -> Problem:
    """Return an error as a problem. One that nobody foresaw is logged, and tells nothing."""
    kind = next((KINDS[each] for each in type(error).__mro__ if each in KINDS), None)
    if kind is None:
        logger.error("a request failed: %s", error, exc_info=error)
        return make_problem(
            500, "INTERNAL_ERROR", "the server failed; its log says why", instance=instance
        )
    code = kind.code
    if isinstance(error, refusals.NotFoundError):
        code = f"{error.kind.upper().replace(' ', '_')}_NOT_FOUND"
    deep = isinstance(error, RecursionError)
    return make_problem(
        kind.status,
        code,
        "the body is nested too deeply" if deep else str(error),
        title=kind.title,
        details=msgspec.to_builtins(kind.facts(error), enc_hook=str),
        instance=instance,
    )


def headers_of(error: Exception) -> dict[str, str]:
    """Return the headers that go with an error."""
    if isinstance(error, refusals.OverloadedError):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, refusals.AuthenticationError):
        return {"WWW-Authenticate": error.scheme}
    if isinstance(error, refusals.SlowClientError):
        # The rest of the body is not waited for.
        return {"Connection": "close"}
    if isinstance(error, refusals.KeysUnavailableError):
        return {"Retry-After": str(KEYS_RETRY_SECONDS)}
    unavailable = isinstance(error, errors.StoreError | errors.EngineClosedError)
    if unavailable and not isinstance(error, errors.EncodingError):
        return {"Retry-After": str(STORE_RETRY_SECONDS)}
    return {}


def make_problem(
    status: int,
    code: str,
    message: str,
    *,
    title: str | None = None,
    details: Mapping[str, Any] | None = None,
    instance: str | None = None,
) -> Problem:
    """Return a problem; the title is that of the status unless it is given."""
    return Problem(
        type=f"urn:tasker:problem:{code.lower().replace('_', '-')}",
        title=title or HTTPStatus(status).phrase,
        status=status,
        detail=message,
        message=message,
        code=code,
        details=details or {},
        instance=instance,
    )
