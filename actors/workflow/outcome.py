"""How an attempt ended."""

from __future__ import annotations

from msgspec import Raw, Struct

from tasker.stores.records import ErrorRecord


class AttemptSucceeded(Struct, frozen=True, gc=False):
    """The handler returned; ``results`` is JSON, and so is the list of its own events."""

    results: Raw
    events: Raw | None = None


class AttemptFailed(Struct, frozen=True, gc=False, kw_only=True):
    """The handler raised, timed out, was lost, or its result could not be stored.

    ``results`` are those that the handler had set by hand before it failed, or None;
    ``events`` those that it had published by then.
    """

    error: ErrorRecord
    results: Raw | None = None
    events: Raw | None = None


AttemptResult = AttemptSucceeded | AttemptFailed

LOST = "AttemptLost"
TIMED_OUT = "StepTimedOut"


def attempt_lost(reason: str) -> AttemptFailed:
    """Return the outcome of an attempt of which nothing more will be heard."""
    return AttemptFailed(
        error=ErrorRecord(error_class=LOST, message=f"the attempt was interrupted: {reason}")
    )


def attempt_timed_out(seconds: float) -> AttemptFailed:
    """Return the outcome of an attempt that ran longer than its ``timeout_seconds``."""
    return AttemptFailed(
        error=ErrorRecord(
            error_class=TIMED_OUT, message=f"the attempt took longer than {seconds:g} s"
        )
    )
