"""Values as they lie in a cache: with the version of who wrote them, and not too large.

T1 NUL version NUL JSON
"""

from __future__ import annotations

from typing import Any

import msgspec

from tasker.stores.encoding import decode, encode

_FORMAT = b"T1"


class Missing:
    """What `unwrap` returns instead of a value."""


MISSING = Missing()


def wrap(value: Any, *, version: str, limit: int) -> bytes:
    """Return a value as bytes for a cache.

    Raises:
        EncodingError: It has no JSON form.
        SizeLimitError: Its JSON is larger than ``limit`` bytes.
    """
    data = encode(value, what="a value for the cache", limit=limit)
    return b"\0".join((_FORMAT, version.encode(), bytes(data)))


def unwrap(kept: bytes, *, version: str) -> Any:
    """Return the value, or `MISSING` where another version, or somebody else, wrote it."""
    prefix = b"\0".join((_FORMAT, version.encode(), b""))
    if not kept.startswith(prefix):
        return MISSING
    try:
        return decode(kept[len(prefix) :])
    except msgspec.DecodeError:
        return MISSING
