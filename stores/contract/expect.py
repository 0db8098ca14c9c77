"""Saying what must hold. Not ``assert``: a suite must not pass under ``python -O``."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import msgspec

from tasker.stores.errors import StoreError, TaskerError

ErrorT = TypeVar("ErrorT", bound=TaskerError)


class BrokenPromiseError(AssertionError):
    """A store, a cache or a coordination does not do what its protocol promises."""


def equal(found: Any, wanted: Any, promise: str) -> None:
    """Compare two values; records and the JSON in them by content."""
    if _plain(found) != _plain(wanted):
        raise BrokenPromiseError(
            f"{promise}\n  wanted: {_plain(wanted)}\n  found:  {_plain(found)}"
        )


def true(found: Any, promise: str) -> None:
    """Expect something to hold."""
    if not found:
        raise BrokenPromiseError(promise)


def refusal(outcome: StoreError | None, kind: type[ErrorT], promise: str) -> ErrorT:
    """Expect an append to have been refused for this reason, and return the error."""
    if not isinstance(outcome, kind):
        raise BrokenPromiseError(f"{promise}\n  wanted: {kind.__name__}\n  found:  {outcome!r}")
    return outcome


async def raises(kind: type[ErrorT], call: Awaitable[Any], promise: str) -> ErrorT:
    """Expect a call to raise, and return the error."""
    try:
        result = await call
    except kind as error:
        return error
    raise BrokenPromiseError(f"{promise}\n  wanted: {kind.__name__}\n  found:  {result!r}")


def _plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))
