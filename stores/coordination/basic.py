"""``distributed_basic``: atomic add with a time to live, and compare-and-set."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import anyio

from tasker.stores.caches.protocols import SharedCache
from tasker.stores.caches.strategy import CoordinationMode
from tasker.stores.coordination.by_cache import CacheCoordination
from tasker.stores.coordination.protocol import Claim

MOST_TRIES = 100
"""How often somebody else may be faster before a call gives up."""
PAUSE_SECONDS = 0.001
LONGEST_PAUSE_SECONDS = 0.02


class BasicCoordination(CacheCoordination):
    """Coordinates by a cache without leases, such as Memcached.

    A slot is a key of its own, which whoever adds it holds; it carries the token, by
    which it is prolonged and deleted. A counter with a floor is read and replaced until
    nobody was faster. Within the process one at a time tries, so the races are between
    processes only.

    Args:
        chance: Returns a number from 0 up to 1, for pauses and for the first slot to try.
    """

    mode = CoordinationMode.DISTRIBUTED_BASIC

    def __init__(
        self, cache: SharedCache, *, chance: Callable[[], float] = random.random, **settings: Any
    ) -> None:
        super().__init__(cache, **settings)
        self._chance = chance
        self._turns: WeakValueDictionary[str, anyio.Lock] = WeakValueDictionary()

    async def _acquire(self, claim: Claim) -> int | None:
        first = int(self._chance() * claim.slots)
        for number in range(claim.slots):
            slot = (first + number) % claim.slots
            if await self._cache.add(
                self._slot(claim.name, slot), claim.token.encode(), ttl_seconds=claim.ttl_seconds
            ):
                return slot
        return None

    async def _extend(self, claim: Claim) -> bool:
        token = claim.token.encode()
        return await self._cache.compare_and_set(
            self._slot(claim.name, claim.slot), token, token, ttl_seconds=claim.ttl_seconds
        )

    async def _end(self, claim: Claim) -> bool:
        return await self._cache.compare_and_delete(
            self._slot(claim.name, claim.slot), claim.token.encode()
        )

    async def _advance(
        self, key: str, *, by: int, floor: int, ceiling: int | None, ttl_seconds: float
    ) -> int:
        turn = self._turns.setdefault(key, anyio.Lock())
        async with turn:
            for tries in range(MOST_TRIES):
                found = await self._cache.get(key)
                base = floor if found is None else max(self._number(key, found), floor)
                if ceiling is not None and base > ceiling:
                    return base
                if await self._replace(key, found, b"%d" % (base + by), ttl_seconds):
                    return base
                pause = min(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS * (tries + 1))
                await anyio.sleep(self._chance() * pause)
        raise self._failed(f"others were faster {MOST_TRIES} times at {key!r}")

    async def _replace(
        self, key: str, found: bytes | None, value: bytes, ttl_seconds: float
    ) -> bool:
        if found is None:
            return await self._cache.add(key, value, ttl_seconds=ttl_seconds)
        return await self._cache.compare_and_set(key, found, value, ttl_seconds=ttl_seconds)

    def _slot(self, name: str, slot: int) -> str:
        return self._key("claim", f"{name}:{slot}")
