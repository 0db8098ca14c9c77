"""What an HTTP status means for a step: one table, and the ``Retry-After`` header."""

from __future__ import annotations

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

from msgspec import Struct

LONGEST_WAIT = 10.0**9  # seconds; whatever was asked for, waits are capped by the backoff


class StatusRule(Struct, frozen=True):
    """Whether a status ends a step's retries, and why."""

    permanent: bool
    reason: str


_REDIRECT = StatusRule(
    True,
    "a redirect, which is not followed: give the final URL, or set follow_redirects: true",
)
_SERVER_ERROR = StatusRule(False, "the server failed")
_UNKNOWN = StatusRule(False, "a status without a known meaning")

# Permanent is what the same request will get again, however often it is sent.
RULES = {
    400: StatusRule(True, "the request is malformed"),
    401: StatusRule(True, "the credentials are missing or wrong"),
    402: StatusRule(True, "payment is required"),
    403: StatusRule(True, "the credentials do not allow it"),
    404: StatusRule(True, "there is no such resource"),
    405: StatusRule(True, "the resource does not take this method"),
    406: StatusRule(True, "the server has no representation that the Accept headers allow"),
    407: StatusRule(True, "the proxy wants credentials"),
    408: StatusRule(False, "the server got tired of waiting for the request"),
    409: StatusRule(False, "a conflict with the resource's state, which others may change"),
    410: StatusRule(True, "the resource is gone for good"),
    411: StatusRule(True, "the server wants a Content-Length"),
    412: StatusRule(False, "a precondition failed; another attempt reads the state anew"),
    413: StatusRule(True, "the body is too large for the server"),
    414: StatusRule(True, "the URL is too long for the server"),
    415: StatusRule(True, "the server does not take this media type"),
    416: StatusRule(True, "the range lies outside of the resource"),
    417: StatusRule(True, "the server cannot meet the Expect header"),
    418: StatusRule(True, "the server is a teapot"),
    421: StatusRule(False, "the connection led to a wrong server; another may not"),
    422: StatusRule(True, "the request is understood and refused"),
    423: StatusRule(False, "the resource is locked, for now"),
    424: StatusRule(False, "a request that this one depends on failed"),
    425: StatusRule(False, "too early; later is well"),
    426: StatusRule(True, "the server wants another protocol"),
    428: StatusRule(True, "the server wants a conditional request"),
    429: StatusRule(False, "too many requests"),
    431: StatusRule(True, "the headers are too large for the server"),
    451: StatusRule(True, "the resource is withheld for legal reasons"),
    503: StatusRule(False, "the service is unavailable, for now"),
}


def is_success(status: int) -> bool:
    """Whether a response is one to work with: 2xx, or 304, which answers a condition."""
    return 200 <= status < 300 or status == 304


def rule_for(status: int) -> StatusRule:
    """Return what a status that is no success means."""
    if 300 <= status < 400:
        return _REDIRECT
    if 500 <= status < 600:
        return RULES.get(status, _SERVER_ERROR)
    return RULES.get(status, _UNKNOWN)


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks to wait, or None.

    Args:
        value: Whole seconds, or an HTTP date; anything else is ignored (RFC 9110, 10.2.3).
        now: The time that a date is relative to, in Unix seconds. A date that has
            passed gives 0.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    try:
        wait = date.timestamp() - now
    except (ValueError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT) if math.isfinite(wait) else None
