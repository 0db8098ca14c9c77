"""``local_only``: within this process."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tasker.stores.caches.memory import MemoryCache
from tasker.stores.caches.strategy import CoordinationMode
from tasker.stores.coordination.atomic import AtomicCoordination
from tasker.stores.coordination.protocol import Claim


class LocalCoordination(AtomicCoordination):
    """Coordinates those who share it, or the memory cache that it was given.

    It is ``distributed_atomic`` on a cache in memory, whose claims and counters are not
    given up for lack of room, so a claim is lost by time alone.
    """

    mode = CoordinationMode.LOCAL_ONLY
    shared = False

    def __init__(self, cache: MemoryCache | None = None, **settings: Any) -> None:
        super().__init__(MemoryCache() if cache is None else cache, **settings)

    async def adopt(self, claim: Claim) -> Claim | None:
        """Take over a claim that another coordination gave, unless its slots are taken here."""
        trusted_until = self._trusted_until(claim.ttl_seconds)
        if await self._acquire(claim) is None:
            return None
        return replace(claim, trusted_until=trusted_until, shared=self.shared)
