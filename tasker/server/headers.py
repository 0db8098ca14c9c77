"""The headers of requests that say how to do it, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from tasker.errors import InvalidRequestError
from tasker.server.errors import PreconditionError

LONGEST_EVENT_ID = 500

_KEY = re.compile(r"[!#-~]{1,255}")
_ETAG = re.compile(r'(W/)?"([!#-~]*)"')
_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?")

HEADER_SCHEMAS: Mapping[str, Mapping[str, object]] = {
    "Idempotency-Key": {
        "description": "The same key again gives the task of the first request",
        "schema": {"type": "string", "pattern": '^("[!#-~]{1,255}"|[!#-~]{1,255})$'},
    },
    "If-Match": {
        "description": "Only while the task's ETag is this",
        "schema": {"type": "string", "pattern": '^(\\*|"[0-9]{1,15}")$'},
    },
    "Prefer": {
        "description": "wait=N: answer once the task is at rest, or after N seconds",
        "schema": {"type": "string", "pattern": "^wait=[0-9]{1,4}$"},
    },
    "Last-Event-ID": {
        "description": "The stream goes on after this event",
        "schema": {"type": "string", "maxLength": LONGEST_EVENT_ID},
    },
}
"""What the headers take that this server heeds, for the OpenAPI document."""


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Return the key of ``Idempotency-Key``, None without one.

    Quotes around it, as structured fields have them, are not part of it.

    Raises:
        PreconditionError: It is none.
    """
    given = headers.get("idempotency-key")
    if given is None:
        return None
    key = given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given
    if not _KEY.fullmatch(key):
        raise PreconditionError(
            header="Idempotency-Key",
            reason="must be 1 to 255 visible ASCII characters, without spaces and quotes",
        )
    return key


def expected_seq(headers: Mapping[str, str]) -> int | None:
    """Return the ``seq`` that ``If-Match`` asks for, None where anything will do.

    One entity tag alone: a task has one state at a time.

    Raises:
        PreconditionError: It is not one that this server gave.
    """
    given = headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = _ETAG.fullmatch(given.strip())
    if found is None or found[1] or not found[2].isascii() or not found[2].isdigit():
        raise PreconditionError(
            header="If-Match", reason='must be the ETag of an answer, as in "7", or *'
        )
    return int(found[2][:18])


def etag(seq: int) -> str:
    """Return the entity tag of a task whose newest change has this number."""
    return f'"{seq}"'


def last_event_id(headers: Mapping[str, str]) -> str | None:
    """Return the id of ``Last-Event-ID``, None without one.

    Raises:
        PreconditionError: It is longer than any id that this server gives.
    """
    given = headers.get("last-event-id")
    if given is not None and len(given) > LONGEST_EVENT_ID:
        raise PreconditionError(
            header="Last-Event-ID", reason=f"has more than {LONGEST_EVENT_ID} characters"
        )
    return given or None


def preferred_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``Prefer: wait=N`` (RFC 7240), None without; others are ignored."""
    for preference in headers.get("prefer", "").split(","):
        found = _WAIT.fullmatch(preference.strip().partition(";")[0].strip().lower())
        if found is not None:
            return float(found[1])
    return None


def aware_instant(name: str, text: str | None) -> datetime | None:
    """Return an instant of the query, None for None. A number is none.

    Raises:
        InvalidRequestError: It is none, or has no time zone.
    """
    if text is None:
        return None
    try:
        found = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(
            f"{name} must be an instant, as in 2026-03-01T12:00:00Z"
        ) from error
    check_aware(name, found)
    return found


def check_aware(name: str, value: object) -> None:
    """Raise `InvalidRequestError` for an instant without a time zone."""
    if value is not None and getattr(value, "tzinfo", None) is None:
        raise InvalidRequestError(f"{name} needs a time zone, as in 2026-03-01T12:00:00Z")
