"""What a cache promises, in slices: the more of them it has, the more it can do.

Keys are text, values are bytes. Every time to live is in seconds, greater than 0, and a
promise of at least that long, unless the cache is flushed or has no room: whatever is in
a cache may be gone at any time. A sentence here has a check in
``tasker.stores.caches.contract``.

Every call is bounded in time and raises `CacheUnavailableError` when the cache does not
answer; whether a write that raised it was done is unknown.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Cache(Protocol):
    """Keeps values for a while."""

    @property
    def url(self) -> str:
        """Where it is, any password masked."""

    async def get(self, key: str) -> bytes | None:
        """Return what was set last, or None when there is nothing any more."""

    async def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Keep a value under the key, instead of any other."""

    async def delete(self, key: str) -> bool:
        """Forget what is under the key; return whether there was something."""

    async def close(self) -> None:
        """Give up the connections. Safe to call twice; the next call opens them again."""


@runtime_checkable
class SharedCache(Cache, Protocol):
    """A cache whose single operations are atomic: capability ``atomic_increment``."""

    async def add(self, key: str, value: bytes, *, ttl_seconds: float) -> bool:
        """Keep a value unless there is one; return whether it was kept.

        Of many who add at once, one is told True.
        """

    async def increment(self, key: str, by: int = 1, *, ttl_seconds: float) -> int:
        """Add to a counter, which starts at 0, and return its new value.

        No two callers are told the same value. Its life begins when it is made, and is
        not prolonged. What `get` returns of it is its decimal digits.
        """

    async def compare_and_set(
        self, key: str, expected: bytes, value: bytes, *, ttl_seconds: float
    ) -> bool:
        """Keep ``value`` if the value there is ``expected``; return whether it was.

        Of many who expect the same at once, one is told True. Its life starts anew.
        """

    async def compare_and_delete(self, key: str, expected: bytes) -> bool:
        """Forget what is under the key if that is ``expected``; return whether it was."""


@runtime_checkable
class LockingCache(SharedCache, Protocol):
    """A cache with leases under tokens, and counters with a floor: capability ``locking``."""

    async def acquire(self, key: str, token: str, *, ttl_seconds: float, slots: int = 1) -> bool:
        """Lease one of the slots of the key to the token; False when all are leased.

        A token that has one keeps it, from now on for ``ttl_seconds``.
        """

    async def extend(self, key: str, token: str, *, ttl_seconds: float) -> bool:
        """Prolong the token's lease from now on; False when it has none any more."""

    async def release(self, key: str, token: str) -> bool:
        """End the token's lease; return whether it had one."""

    async def advance(
        self, key: str, *, by: int, floor: int, ceiling: int | None = None, ttl_seconds: float
    ) -> int:
        """Raise a counter to ``floor`` if it is lower, then by ``by``; return it from between.

        When what is returned is above ``ceiling``, nothing was changed. Its life starts
        anew. No two callers are told the same value, save above the ceiling.
        """


@runtime_checkable
class InspectsTtl(Protocol):
    """A cache that tells how long a value stays: capability ``ttl_inspection``."""

    async def expires_in(self, key: str) -> float | None:
        """Return the seconds that are left of what is under the key; None for nothing there."""


@runtime_checkable
class MeasuresUse(Protocol):
    """A cache that tells how full it is."""

    async def utilisation(self) -> float | None:
        """Return the part of its room that is in use, 0 to 1; None where that is not bounded."""
