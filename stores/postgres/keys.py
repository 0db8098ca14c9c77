"""Numbers of advisory locks, which are shared by all of a database: made from names."""

from __future__ import annotations

from hashlib import blake2b


def lock_key(schema: str, purpose: str) -> int:
    """Return the 64-bit number of a lock of one store for one purpose."""
    digest = blake2b(f"tasker/{schema}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
