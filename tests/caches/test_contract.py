"""Every promise, on every cache."""

import pytest

from tasker.stores.caches import CacheStrategy
from tasker.stores.caches.contract import cache_promises, needed_capability
from tasker.stores.caches.memcached import MemcachedCache
from tasker.stores.caches.redis import RedisCache
from tests.caches.connections import MemoryConnections, server_connections

PROMISES = cache_promises()


def _of(kind):
    def kept(promise):
        needed = needed_capability(promise)
        return needed is None or kind.declared_capability_support(needed)

    return [pytest.param(each, id=f"{each.topic}-{each.name}") for each in PROMISES if kept(each)]


@pytest.mark.parametrize("promise", [pytest.param(each, id=each.name) for each in PROMISES])
async def test_memory(promise):
    await promise.run(MemoryConnections())


@pytest.mark.parametrize("promise", _of(RedisCache))
async def test_redis(promise, redis):
    async with server_connections(redis.url) as connections:
        await promise.run(connections)


@pytest.mark.parametrize("promise", _of(MemcachedCache))
async def test_memcached(promise, memcached):
    async with server_connections(memcached.url) as connections:
        await promise.run(connections)


def test_every_promise_is_said_under_a_name_of_its_own():
    names = [promise.name for promise in PROMISES]
    assert len(names) == len(set(names))
    assert all(promise.text.endswith(".") for promise in PROMISES)


def test_the_strategy_of_each_is_its_mode():
    modes = [
        CacheStrategy.detect(cache).mode
        for cache in (MemoryConnections().cache, MemcachedCache("localhost"))
    ]
    assert modes == ["local_only", "distributed_basic"]
