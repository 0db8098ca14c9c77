"""A cache in this process: bounded, and with the time of whoever makes it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from tasker.stores.caches.capabilities import CacheCapabilities

ValueT = TypeVar("ValueT")

DEFAULT_MAX_ENTRIES = 10_000
_SWEEP_FROM = 256
"""Entries from which those that have expired are looked for."""


class MemoryCache(
    CacheCapabilities,
    capabilities={
        "distributed": False,
        "atomic_increment": True,
        "locking": True,
        "ttl_inspection": True,
        "namespace_support": True,
        "compression_support": False,
    },
):
    """Keeps values in this process, the least recently used of too many given up first.

    It has every slice of ``tasker.stores.caches.protocols``. Counters and leases are not
    given up: they are small, and expire. For one event loop.

    Args:
        max_entries: How many values are kept.
        now: The time in seconds; it must not go backwards.
    """

    def __init__(
        self,
        max_entries: int = DEFAULT_MAX_ENTRIES,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_entries < 1:
            raise ValueError(f"max_entries is {max_entries}; it must be 1 or more")
        self._max_entries = max_entries
        self._values: _Expiring[bytes] = _Expiring(now)
        self._counters: _Expiring[int] = _Expiring(now)
        # By key, the instants at which the leases of its tokens end.
        self._leases: _Expiring[dict[str, float]] = _Expiring(now)
        self._now = now

    @property
    def url(self) -> str:
        """Where it is."""
        return "memory://"

    async def get(self, key: str) -> bytes | None:
        """Return what is under the key, or None."""
        return self._read(key)

    async def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Keep a value under the key."""
        self._counters.pop(key)
        self._values.put(key, value, ttl_seconds)
        while len(self._values) > self._max_entries:
            self._values.drop_oldest()

    async def delete(self, key: str) -> bool:
        """Forget what is under the key; return whether there was something."""
        return self._delete(key)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    async def add(self, key: str, value: bytes, *, ttl_seconds: float) -> bool:
        """Keep a value unless there is one; return whether it was kept."""
        if self._read(key) is not None:
            return False
        await self.set(key, value, ttl_seconds=ttl_seconds)
        return True

    async def increment(self, key: str, by: int = 1, *, ttl_seconds: float) -> int:
        """Add to a counter, which starts at 0, and return its new value."""
        found = self._counters.get(key)
        if found is not None:
            self._counters.replace(key, found + by)
            return found + by
        written = self._values.pop(key)
        count = by if written is None else int(written) + by
        self._counters.put(key, count, ttl_seconds)
        return count

    async def compare_and_set(
        self, key: str, expected: bytes, value: bytes, *, ttl_seconds: float
    ) -> bool:
        """Keep ``value`` if the value there is ``expected``; return whether it was."""
        if self._read(key) != expected:
            return False
        await self.set(key, value, ttl_seconds=ttl_seconds)
        return True

    async def compare_and_delete(self, key: str, expected: bytes) -> bool:
        """Forget what is under the key if that is ``expected``; return whether it was."""
        return self._read(key) == expected and self._delete(key)

    async def acquire(self, key: str, token: str, *, ttl_seconds: float, slots: int = 1) -> bool:
        """Lease one of the slots of the key to the token; False when all are leased."""
        leased = self._leased(key)
        if token not in leased and len(leased) >= slots:
            return False
        self._lease(key, {**leased, token: self._now() + ttl_seconds})
        return True

    async def extend(self, key: str, token: str, *, ttl_seconds: float) -> bool:
        """Prolong the token's lease from now on; False when it has none any more."""
        leased = self._leased(key)
        if token not in leased:
            return False
        self._lease(key, {**leased, token: self._now() + ttl_seconds})
        return True

    async def release(self, key: str, token: str) -> bool:
        """End the token's lease; return whether it had one."""
        leased = self._leased(key)
        had = leased.pop(token, None) is not None
        self._lease(key, leased)
        return had

    async def advance(
        self, key: str, *, by: int, floor: int, ceiling: int | None = None, ttl_seconds: float
    ) -> int:
        """Raise a counter to ``floor`` if it is lower, then by ``by``; return it from between."""
        base = max(self._counters.get(key) or floor, floor)
        if ceiling is None or base <= ceiling:
            self._counters.put(key, base + by, ttl_seconds)
        return base

    async def expires_in(self, key: str) -> float | None:
        """Return the seconds that are left of what is under the key; None for nothing there."""
        left = self._values.expires_in(key)
        return self._counters.expires_in(key) if left is None else left

    async def utilisation(self) -> float:
        """Return the part of its room that is in use, 0 to 1."""
        return len(self._values) / self._max_entries

    def clear(self) -> None:
        """Forget everything, as a server does that is flushed."""
        for kept in (self._values, self._counters, self._leases):
            kept.clear()

    def _read(self, key: str) -> bytes | None:
        value = self._values.get(key)
        if value is None and (count := self._counters.get(key)) is not None:
            return b"%d" % count
        return value

    def _delete(self, key: str) -> bool:
        counted = self._counters.pop(key) is not None
        return self._values.pop(key) is not None or counted

    def _leased(self, key: str) -> dict[str, float]:
        now = self._now()
        leased = self._leases.get(key) or {}
        return {token: ends_at for token, ends_at in leased.items() if ends_at > now}

    def _lease(self, key: str, leased: dict[str, float]) -> None:
        if leased:
            self._leases.put(key, leased, max(leased.values()) - self._now())
        else:
            self._leases.pop(key)


class _Expiring(Generic[ValueT]):
    """A mapping in order of use, whose entries are gone when their time is over."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._entries: OrderedDict[str, tuple[ValueT, float]] = OrderedDict()
        self._sweep_at = _SWEEP_FROM

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> ValueT | None:
        found = self._entries.get(key)
        if found is None:
            return None
        if found[1] <= self._now():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return found[0]

    def put(self, key: str, value: ValueT, ttl_seconds: float) -> None:
        self._entries[key] = (value, self._now() + ttl_seconds)
        self._entries.move_to_end(key)
        if len(self._entries) > self._sweep_at:
            self._sweep()

    def replace(self, key: str, value: ValueT) -> None:
        self._entries[key] = (value, self._entries[key][1])

    def pop(self, key: str) -> ValueT | None:
        value = self.get(key)
        self._entries.pop(key, None)
        return value

    def expires_in(self, key: str) -> float | None:
        found = self._entries.get(key)
        left = 0.0 if found is None else found[1] - self._now()
        return left if left > 0 else None

    def drop_oldest(self) -> None:
        self._entries.popitem(last=False)

    def clear(self) -> None:
        self._entries.clear()

    def _sweep(self) -> None:
        """Drop what has expired; each entry is looked at a constant number of times."""
        now = self._now()
        for key in [key for key, (_, ends_at) in self._entries.items() if ends_at <= now]:
            del self._entries[key]
        self._sweep_at = max(_SWEEP_FROM, 2 * len(self._entries))
