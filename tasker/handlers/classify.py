"""From an exception to the record of a failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
from msgspec import Raw

from tasker.errors import EncodingError, PermanentError, RetryableError
from tasker.stores.encoding import encode
from tasker.stores.records import ErrorRecord
from tasker.telemetry.masking import Masker

FRAMES = 10
MESSAGE_LIMIT = 10_000  # characters
CONTEXT_LIMIT = 64 * 1024  # bytes

_ATTEMPT = str(Path(__file__).with_name("attempt.py"))  # which calls the handler
_NO_SECRETS = Masker()


def classify(exception: BaseException, masker: Masker = _NO_SECRETS) -> ErrorRecord:
    """Return the record of a failed attempt.

    `PermanentError` is permanent, and so is a result that cannot be stored;
    `RetryableError` may say when to try again; every other exception may be
    retried. A group of one counts as the one in it; a group of several is
    permanent when all of them are.
    """
    error = unwrapped(exception)
    context = getattr(error, "context", None)
    error_code = getattr(error, "error_code", None)
    record = ErrorRecord(
        error_class=qualified_name(type(error)),
        message=message_of(error),
        permanent=is_permanent(error),
        retry_after=_retry_after(error),
        error_code=error_code if isinstance(error_code, str) else None,
        backtrace=backtrace(error.__traceback__),
        context=_context(context) if isinstance(context, Mapping) and context else None,
    )
    return _cut(masker.record(record))


def _cut(record: ErrorRecord) -> ErrorRecord:
    """Shorten a long message; after masking, so that no half of a secret is left."""
    if len(record.message) <= MESSAGE_LIMIT:
        return record
    return msgspec.structs.replace(record, message=f"{record.message[:MESSAGE_LIMIT]}… (cut)")


def unwrapped(exception: BaseException) -> BaseException:
    """Return the one exception of a group of one, however deep; else the exception itself."""
    while isinstance(exception, BaseExceptionGroup) and len(exception.exceptions) == 1:
        exception = exception.exceptions[0]
    return exception


def is_permanent(error: BaseException) -> bool:
    """Whether no retry can help."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_permanent(part) for part in error.exceptions)
    return isinstance(error, PermanentError | EncodingError)


def qualified_name(kind: type) -> str:
    """Return a class's name with its module, without it for built-in ones."""
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def message_of(error: BaseException) -> str:
    """Return an exception's text with its notes; its class's name when it has none."""
    if isinstance(error, BaseExceptionGroup):
        parts = (f"{type(part).__name__}: {message_of(part)}" for part in error.exceptions)
        text = f"{len(error.exceptions)} errors: " + "; ".join(parts)
    else:
        try:
            text = str(error) or type(error).__name__
        except Exception as broken:
            text = f"<no text: str() of it raised {type(broken).__name__}>"
    text = "\n".join([text, *map(str, getattr(error, "__notes__", ()))])
    # Lone surrogates cannot be stored.
    text = text.encode("utf-8", "replace").decode()
    return text


def backtrace(traceback: TracebackType | None) -> tuple[str, ...]:
    """Return the last frames as ``file:line in function``, from the handler inward."""
    frames = list(_frames(traceback))
    outer = max((i for i, (file, _) in enumerate(frames) if file == _ATTEMPT), default=-1)
    inner = frames[outer + 1 :] or frames[-1:]
    return tuple(text for _, text in inner[-FRAMES:])


def _frames(traceback: TracebackType | None) -> Iterator[tuple[str, str]]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield code.co_filename, f"{code.co_filename}:{traceback.tb_lineno} in {code.co_qualname}"
        traceback = traceback.tb_next


def _retry_after(error: BaseException) -> float | None:
    if isinstance(error, BaseExceptionGroup):
        waits = [wait for part in error.exceptions if (wait := _retry_after(part)) is not None]
        return max(waits, default=None)
    if not isinstance(error, RetryableError) or error.retry_after is None:
        return None
    try:
        seconds = float(error.retry_after)
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _context(context: Mapping[str, Any]) -> Raw:
    """Return an error's facts as JSON; what cannot be stored becomes text."""
    try:
        return encode(dict(context), what="an error's context", limit=CONTEXT_LIMIT)
    except EncodingError:
        facts = {str(key): _shortened(part) for key, part in context.items()}
        return encode(facts, what="an error's context")


def _shortened(part: Any) -> Any:
    try:
        raw = encode(part, what="a part", limit=1000)
    except EncodingError:
        try:
            text = repr(part)
        except Exception:
            text = f"<{type(part).__name__}>"
        return text.encode("utf-8", "replace").decode()[:1000]
    return msgspec.json.decode(raw)
