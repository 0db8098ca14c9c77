"""What can go wrong between a client and a server; what the server refuses has its own class.

TaskerError
└── ClientError
    ├── ClientConfigError           the URL, the token or a setting cannot be
    ├── ClientClosedError           the client is not open
    ├── UnreachableServerError      no answer came, however often it was asked
    └── ServerAnswerError           the answer is not one that Tasker gives, or tells of a fault
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

import tasker.errors as errors
import tasker.server.errors as refusals
from tasker.errors import TaskerError
from tasker.server.problems import KINDS, Problem

if TYPE_CHECKING:
    import httpx


class ClientError(TaskerError):
    """Root of what goes wrong on the way to a server."""


class ClientConfigError(ClientError):
    """A client cannot be made so. ``setting`` is what is wrong."""

    def __init__(self, *, setting: str, reason: str) -> None:
        self.setting = setting
        self.reason = reason
        super().__init__(f"{setting} {reason}")


class ClientClosedError(ClientError):
    """The client is not open: use it with ``async with``."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        super().__init__(f"the client of {url} is not open; use it with `async with`")


class UnreachableServerError(ClientError):
    """No answer came. Whether a request that was sent has been done is not known."""

    def __init__(self, *, url: str, reason: str, tries: int) -> None:
        self.url = url
        self.reason = reason
        self.tries = tries
        times = "once" if tries == 1 else f"{tries} times"
        super().__init__(f"no answer from {url}, asked {times}: {reason}; is the server running?")


class ServerAnswerError(ClientError):
    """The server answered with what Tasker does not say, or with a fault of its own."""

    def __init__(self, *, url: str, status: int, reason: str) -> None:
        self.url = url
        self.status = status
        self.reason = reason
        super().__init__(f"{url} answered {status}: {reason}")


def error_of(answer: httpx.Response) -> TaskerError:
    """Return the error that an answer tells: of the class that the engine would have raised."""
    url = str(answer.request.url.copy_with(query=None))
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:
        hint = "this is no API of Tasker; does the URL end with its prefix, as in /tasker?"
        reason = hint if answer.status_code in _NOT_OURS else "it says no more"
        return ServerAnswerError(url=url, status=answer.status_code, reason=reason)
    return error_of_problem(problem, url=url, headers=answer.headers)


def error_of_problem(problem: Problem, *, url: str, headers: Mapping[str, str]) -> TaskerError:
    """Return the error that a problem tells; ``headers`` are those of its answer."""
    make = _MAKERS.get(problem.code)
    if make is not None:
        return make(problem, headers)
    kind = _CLASSES.get(problem.code)
    if kind is None:
        return ServerAnswerError(url=url, status=problem.status, reason=problem.message)
    return _revived(kind, problem.message, problem.details)


_NOT_OURS = (301, 302, 307, 308, 404, 405)


def _revived(kind: type[TaskerError], message: str, facts: Mapping[str, Any]) -> TaskerError:
    """Return an error with the facts that came over the wire, and the server's words."""
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update({name: _frozen(value) for name, value in facts.items()})
    return error


def _frozen(value: Any) -> Any:
    # Lists of names are tuples in the engine's errors.
    return tuple(value) if isinstance(value, list) else value


def _overloaded(problem: Problem, headers: Mapping[str, str]) -> TaskerError:
    wait = headers.get("retry-after", "")
    seconds = int(wait) if wait.isascii() and wait.isdigit() else 1
    facts = {"reason": problem.message, "retry_after": seconds}
    return _revived(refusals.OverloadedError, problem.message, facts)


def _unauthenticated(problem: Problem, headers: Mapping[str, str]) -> TaskerError:
    scheme = headers.get("www-authenticate", "Bearer").partition(" ")[0]
    return refusals.AuthenticationError(reason=problem.message, scheme=scheme)


def _misfit(problem: Problem, headers: Mapping[str, str]) -> TaskerError:
    """Return what is wrong with a task's configuration: its context, or steps to bypass."""
    if "bypass_steps" in problem.details:
        return _revived(errors.BypassError, problem.message, {})
    violations = tuple(
        (path.removeprefix("context"), message)
        for path, messages in problem.details.items()
        for message in messages
    )
    return _revived(errors.ContextValidationError, problem.message, {"violations": violations})


def _codes() -> dict[str, type[TaskerError]]:
    """Return the class of each code, the first in the server's table where several share it."""
    found: dict[str, type[TaskerError]] = {}
    for kind, told in KINDS.items():
        # A path that the server does not have has this code too: the URL is wrong then.
        if issubclass(kind, TaskerError) and told.code != "NOT_FOUND":
            found.setdefault(told.code, kind)
    return found


_MAKERS: Mapping[str, Callable[[Problem, Mapping[str, str]], TaskerError]] = {
    "INVALID_TASK_CONFIG": _misfit,
    "AUTHENTICATION_FAILED": _unauthenticated,
    "TOO_MANY_REQUESTS": _overloaded,
}
_CLASSES: Mapping[str, type[TaskerError]] = {
    **_codes(),
    "MALFORMED_REQUEST": errors.InvalidRequestError,
    "NAMESPACE_NOT_FOUND": refusals.NotFoundError,
    # An engine says of a key that is taken who has it, whatever was asked for.
    "IDEMPOTENCY_KEY_REUSED": errors.DuplicateTaskError,
}
