"""What the modes do beside their promises: how long to trust a claim, and how often to ask."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tasker.stores.caches import MemoryCache
from tasker.stores.coordination import AtomicCoordination, BasicCoordination
from tests.caches.connections import Seconds


class Slow(MemoryCache):
    """A cache whose every answer takes a second."""

    def __init__(self, time):
        super().__init__(now=time)
        self.time = time

    async def acquire(self, *given, **settings):
        got = await super().acquire(*given, **settings)
        self.time.now += 1
        return got

    async def extend(self, *given, **settings):
        got = await super().extend(*given, **settings)
        self.time.now += 1
        return got


async def test_a_claim_is_trusted_for_less_than_it_lasts_from_when_it_was_asked_for():
    time = Seconds()
    by = AtomicCoordination(Slow(time), now=time, monotonic=time)
    for_a_moment = time.now
    claim = await by.claim("a", ttl_seconds=10)
    assert claim is not None
    assert claim.trusted_until - for_a_moment == pytest.approx(9)
    asked = time.now
    renewed = await by.renew(claim)
    assert renewed is not None
    assert renewed.trusted_until - asked == pytest.approx(9)


async def test_callers_of_one_process_do_not_race_each_other():
    class Counted(MemoryCache):
        replaced = 0

        async def get(self, key):
            kept = await super().get(key)
            await checkpoint()
            return kept

        async def compare_and_set(self, key, expected, value, *, ttl_seconds):
            self.replaced += 1
            return await super().compare_and_set(key, expected, value, ttl_seconds=ttl_seconds)

    cache = Counted()
    by = BasicCoordination(cache)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(lambda: by.limit("shop", rate=50))
    assert cache.replaced == 19, "one added, and each other replaced once"
