"""The cache in memory is bounded, and forgets what is over."""

import pytest

from tasker.stores.caches import MemoryCache
from tests.caches.connections import Seconds


async def test_what_was_used_least_recently_is_given_up():
    cache = MemoryCache(max_entries=2)
    await cache.set("a", b"1", ttl_seconds=60)
    await cache.set("b", b"2", ttl_seconds=60)
    await cache.get("a")
    await cache.set("c", b"3", ttl_seconds=60)
    assert [await cache.get(key) for key in "abc"] == [b"1", None, b"3"]
    assert await cache.utilisation() == 1.0


async def test_counters_and_leases_are_not_given_up():
    cache = MemoryCache(max_entries=1)
    await cache.acquire("lease", "mine", ttl_seconds=60)
    await cache.increment("count", ttl_seconds=60)
    for number in range(50):
        await cache.set(f"{number}", b"", ttl_seconds=60)
    assert not await cache.acquire("lease", "yours", ttl_seconds=60)
    assert await cache.increment("count", ttl_seconds=60) == 2


async def test_what_is_over_takes_no_room():
    time = Seconds()
    cache = MemoryCache(now=time)
    for number in range(5000):
        await cache.increment(f"count {number}", ttl_seconds=1)
        await cache.acquire(f"lease {number}", "mine", ttl_seconds=1)
        time.now += 0.1
    assert len(cache._counters) < 600
    assert len(cache._leases) < 600


def test_a_bound_is_one_or_more():
    with pytest.raises(ValueError, match="max_entries is 0"):
        MemoryCache(max_entries=0)
