"""JSON in columns, read back as records.

msgspec decodes a field of type ``Raw``, and refuses ``Raw | None``: it takes the
union for null alone. So what is stored is decoded into twins of the records whose
JSON is never None, and moved over.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from tasker.stores.records import ErrorRecord, HistoryRecord

_ABSENT = Raw(b"")


class _StoredTransition(Struct):
    """See `Transition`."""

    from_state: str | None
    to_state: str
    step: str | None = None
    attempt: int | None = None
    detail: Raw = _ABSENT


class _StoredError(Struct):
    """See `ErrorRecord`."""

    error_class: str
    message: str
    permanent: bool = False
    retry_after: float | None = None
    error_code: str | None = None
    backtrace: tuple[str, ...] = ()
    context: Raw = _ABSENT


_transitions = msgspec.json.Decoder(list[_StoredTransition]).decode
_error = msgspec.json.Decoder(_StoredError).decode


def history_from(seq: int, at: float, transitions: str) -> list[HistoryRecord]:
    """Return the transitions of one append."""
    return [
        HistoryRecord(
            seq=seq,
            at=at,
            step=stored.step,
            from_state=stored.from_state,
            to_state=stored.to_state,
            attempt=stored.attempt,
            detail=_present(stored.detail),
        )
        for stored in _transitions(transitions)
    ]


def error_from(error: str) -> ErrorRecord:
    """Return why an attempt failed."""
    stored = _error(error)
    return ErrorRecord(
        error_class=stored.error_class,
        message=stored.message,
        permanent=stored.permanent,
        retry_after=stored.retry_after,
        error_code=stored.error_code,
        backtrace=stored.backtrace,
        context=_present(stored.context),
    )


def _present(stored: Raw) -> Raw | None:
    # A copy: what is decoded is a view that keeps the whole text in memory.
    return stored.copy() if bytes(stored) else None
