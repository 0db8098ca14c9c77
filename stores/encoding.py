"""JSON in and out, with errors that name the place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from tasker.stores.errors import EncodingError, SizeLimitError

_encoder = msgspec.json.Encoder()


def encode(value: Any, *, what: str, limit: int | None = None) -> Raw:
    """Return a value as JSON.

    Args:
        value: Anything that msgspec encodes, without NaN and infinities.
        what: How an error names it, as in "the result of step charge".
        limit: Greatest size in bytes, or None.

    Raises:
        EncodingError: Something in it has no JSON form; the error names its path.
        SizeLimitError: The JSON is larger than the limit.
    """
    try:
        data = _encoder.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError, UnicodeEncodeError) as cause:
        path, found, *remedy = _culprit(value, "$", depth=0)
        raise _refused(what, path, found or str(cause), *remedy) from cause
    if limit is not None and len(data) > limit:
        raise SizeLimitError(what=what, size=len(data), limit=limit)
    # msgspec writes NaN and infinities as null. Nearly no value has one, so the
    # walk that finds it comes after two looks that cost next to nothing.
    if b"null" in data and _may_be_not_finite(value):
        lost = _not_finite(value, "$")
        if lost is not None:
            raise _refused(what, lost[0], f"float ({lost[1]})", "use None or a string")
    return Raw(data)


def decode(data: Raw | bytes | None) -> Any:
    """Return what a JSON text says; None for None."""
    return None if data is None else msgspec.json.decode(data)


_DEEPEST = 64
_SURROGATE = (
    "str with a lone surrogate",
    'take it out, as with text.encode("utf-8", "replace").decode()',
)

# The head of a float64 in MessagePack whose exponent is all ones. Text cannot hold
# these bytes; the numbers that can are sorted out by the walk.
_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")


def _may_be_not_finite(value: Any) -> bool:
    try:
        return _NOT_FINITE.search(msgspec.msgpack.encode(value)) is not None
    except (TypeError, ValueError, OverflowError):
        # JSON holds a few things that MessagePack does not, such as integers over
        # 64 bits.
        return True


def _not_finite(value: Any, path: str) -> tuple[str, float] | None:
    """Return the path and value of the first NaN or infinity, or None."""
    if isinstance(value, float):
        return None if math.isfinite(value) else (path, value)
    for key, part in _parts(value):
        found = _not_finite(part, f"{path}{key}")
        if found is not None:
            return found
    return None


def _refused(what: str, path: str, type_name: str, remedy: str | None = None) -> EncodingError:
    if remedy is None:
        return EncodingError(what=what, path=path, type_name=type_name)
    return EncodingError(what=what, path=path, type_name=type_name, remedy=remedy)


def _culprit(value: Any, path: str, depth: int) -> tuple[str, ...]:
    """Return the path and type of the innermost part that cannot be encoded.

    A third item says what to do, where the types to use are no answer.
    """
    if depth < _DEEPEST:
        for key, part in _parts(value):
            try:
                _encoder.encode(part)
            except Exception:
                return _culprit(part, f"{path}{key}", depth + 1)
    if depth >= _DEEPEST:
        found = "a structure nested too deeply, or one that contains itself"
        return path, found, "store it flat, with references by id"
    kind = type(value)
    wrong_key = _wrong_key(value, path) if isinstance(value, Mapping) else None
    if wrong_key is not None:
        return wrong_key
    if isinstance(value, str):
        return path, *_SURROGATE
    if isinstance(value, int):
        return path, f"{kind.__qualname__} beyond 64 bits", "use a string"
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return path, f"{module}{kind.__qualname__}"


def _wrong_key(value: Mapping[Any, Any], path: str) -> tuple[str, ...] | None:
    for key in value:
        if not isinstance(key, str | int | float):
            return f"{path} key {key!r}", type(key).__qualname__
        if isinstance(key, str) and not _is_utf8(key):
            return f"{path} key {key!r}", *_SURROGATE
    return None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parts(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(f".{key}", part) for key, part in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [(f"[{index}]", part) for index, part in enumerate(value)]
    if isinstance(value, set | frozenset):
        return [("[]", part) for part in value]
    fields = getattr(value, "__struct_fields__", None) or getattr(
        value, "__dataclass_fields__", None
    )
    if fields and not isinstance(value, type):
        return [(f".{name}", getattr(value, name, None)) for name in fields]
    return []
