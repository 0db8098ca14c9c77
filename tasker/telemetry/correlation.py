"""What joins a task with the request that caused it: correlation id, W3C trace context.

Correlation ids are 1 to 128 visible ASCII characters. ``traceparent`` and
``tracestate`` are those of https://www.w3.org/TR/trace-context/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
from msgspec import Struct

from tasker.errors import InvalidRequestError
from tasker.telemetry.scope import CURRENT, Scope, bound

CORRELATION_HEADER = "X-Correlation-ID"
LONGEST_ID = 128
LONGEST_STATE = 512
MOST_STATES = 32

_ID = re.compile(r"[!-~]{1,128}")
_PARENT = re.compile(r"(?P<version>[0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_STATE = re.compile(
    r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
    r"=[ -+\--<>-~]{0,255}[!-+\--<>-~]"
)


class Correlation(Struct, frozen=True, kw_only=True):
    """What a request was joined with by its caller; None for what was not given."""

    correlation_id: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidRequestError` for what cannot be."""
        check_correlation(self.correlation_id, self.traceparent, self.tracestate)


def check_correlation(
    correlation_id: str | None, traceparent: str | None, tracestate: str | None
) -> None:
    """Raise `InvalidRequestError` when one of them cannot be."""
    if correlation_id is None and traceparent is None and tracestate is None:
        return
    for name, value, wrong in (
        ("correlation_id", correlation_id, _wrong_id),
        ("traceparent", traceparent, _wrong_parent),
        ("tracestate", tracestate, _wrong_state),
    ):
        given: object = value
        if given is None:
            continue
        reason = wrong(given) if isinstance(given, str) else f"must be text, not {given!r:.40}"
        if reason is not None:
            raise InvalidRequestError(f"{name} of a task request {reason}")
    if tracestate is not None and traceparent is None:
        raise InvalidRequestError(
            "tracestate of a task request needs a traceparent; give both, or neither"
        )


@contextmanager
def correlated(
    correlation: str | Correlation | None = None,
    *,
    traceparent: str | None = None,
    tracestate: str | None = None,
) -> Iterator[None]:
    """Join the tasks that are submitted inside, and what is logged inside, with a request.

    For the middleware of an application. What is left out stays as it was around.

        with correlated(correlation_from_headers(request.headers)): ...

    Args:
        correlation: The correlation id, or all three in one.
        traceparent: The W3C trace context of the request.
        tracestate: What vendors have added to it.

    Raises:
        InvalidRequestError: One of them cannot be.
    """
    given = (
        correlation
        if isinstance(correlation, Correlation)
        else Correlation(correlation_id=correlation, traceparent=traceparent, tracestate=tracestate)
    )
    around = current_correlation()
    if given.correlation_id is None:
        given = msgspec.structs.replace(given, correlation_id=around.correlation_id)
    if given.traceparent is None:
        given = msgspec.structs.replace(
            given, traceparent=around.traceparent, tracestate=around.tracestate
        )
    scope = CURRENT.get() or Scope()
    with bound(msgspec.structs.replace(scope, correlation=given)):
        yield


def current_correlation() -> Correlation:
    """Return what the code at hand is joined with: by `correlated`, or by its attempt."""
    scope = CURRENT.get()
    if scope is None:
        return _NOTHING
    if scope.correlation is not None or scope.task is None:
        return scope.correlation or _NOTHING
    task = scope.task
    return Correlation(
        correlation_id=task.correlation_id,
        traceparent=task.traceparent,
        tracestate=task.tracestate,
    )


_NOTHING = Correlation()


def correlation_from_headers(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], *, header: str = CORRELATION_HEADER
) -> Correlation:
    """Return what the headers of a request say; what is malformed in them is left out."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lowered = {str(name).lower(): str(value).strip() for name, value in pairs}
    correlation_id = lowered.get(header.lower())
    parent, state = lowered.get("traceparent"), lowered.get("tracestate")
    if parent is not None and _wrong_parent(parent) is not None:
        parent = None
    if state is not None and (parent is None or _wrong_state(state) is not None):
        state = None
    if correlation_id is not None and _wrong_id(correlation_id) is not None:
        correlation_id = None
    return Correlation(correlation_id=correlation_id, traceparent=parent, tracestate=state)


def _wrong_id(text: str) -> str | None:
    if _ID.fullmatch(text):
        return None
    return f"must be 1 to {LONGEST_ID} visible ASCII characters, without spaces; it is {text!r:.60}"


def _wrong_parent(text: str) -> str | None:
    found = _PARENT.fullmatch(text)
    if found is None:
        return (
            "must be version-trace_id-parent_id-flags in lower-case hex, as in "
            f"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01; it is {text!r:.80}"
        )
    if found["version"] == "ff" or (found["version"] == "00" and found[4] is not None):
        return f"has a version or length that W3C trace context does not allow: {text!r:.80}"
    if not found[2].strip("0") or not found[3].strip("0"):
        return f"has an id of zeros alone: {text!r:.80}"
    return None


def _wrong_state(text: str) -> str | None:
    members = [member.strip(" \t") for member in text.split(",")]
    members = [member for member in members if member]
    if len(text) > LONGEST_STATE or len(members) > MOST_STATES:
        return f"may have {LONGEST_STATE} characters and {MOST_STATES} members, no more"
    for member in members:
        if not _STATE.fullmatch(member):
            return f"must be a list of key=value, as in vendor=value; it has {member!r:.60}"
    return None
