"""``distributed_atomic``: leases under tokens, and counters with a floor; a call is one trip."""

from __future__ import annotations

from typing import Any

from tasker.stores.caches.protocols import LockingCache
from tasker.stores.caches.strategy import CoordinationMode
from tasker.stores.coordination.by_cache import CacheCoordination
from tasker.stores.coordination.protocol import Claim


class AtomicCoordination(CacheCoordination):
    """Coordinates by a cache that has leases, such as Redis."""

    mode = CoordinationMode.DISTRIBUTED_ATOMIC

    def __init__(self, cache: LockingCache, **settings: Any) -> None:
        super().__init__(cache, **settings)
        self._locking = cache

    async def _acquire(self, claim: Claim) -> int | None:
        got = await self._locking.acquire(
            self._lease(claim), claim.token, ttl_seconds=claim.ttl_seconds, slots=claim.slots
        )
        return 0 if got else None

    async def _extend(self, claim: Claim) -> bool:
        return await self._locking.extend(
            self._lease(claim), claim.token, ttl_seconds=claim.ttl_seconds
        )

    async def _end(self, claim: Claim) -> bool:
        return await self._locking.release(self._lease(claim), claim.token)

    async def _advance(
        self, key: str, *, by: int, floor: int, ceiling: int | None, ttl_seconds: float
    ) -> int:
        return await self._locking.advance(
            key, by=by, floor=floor, ceiling=ceiling, ttl_seconds=ttl_seconds
        )

    def _lease(self, claim: Claim) -> str:
        return self._key("claim", claim.name)
