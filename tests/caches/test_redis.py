"""The cache on Redis: calls end in time, and are sent once."""

from functools import partial

import anyio
import pytest

from tasker.errors import CacheUnavailableError
from tasker.stores.caches import make_cache
from tests.caches.scripted import scripted


def _cache(url):
    return make_cache(url)


async def test_a_count_that_was_maybe_done_is_not_sent_again():
    sent = []

    def answers(line):
        sent.append(line)
        return None if line == b"EVALSHA\r\n" else b""

    async with scripted(answers) as server:
        cache = _cache(f"redis://127.0.0.1:{server.port}?timeout_seconds=20")
        with pytest.raises(CacheUnavailableError, match="cannot count"):
            await cache.increment("a", ttl_seconds=60)
        await cache.close()
    assert sent.count(b"EVALSHA\r\n") == 1


async def test_a_frozen_server_is_left_in_time(redis):
    cache = _cache(f"{redis.url}?timeout_seconds=0.2")
    await cache.set("a", b"1", ttl_seconds=60)
    await cache.set("b", b"2", ttl_seconds=60)
    redis.freeze()
    try:
        with anyio.fail_after(10), pytest.raises(CacheUnavailableError, match=r"within 0\.2 s"):
            await cache.get("a")
    finally:
        redis.thaw()
    patient = _cache(f"{redis.url}?timeout_seconds=20")
    assert await patient.get("b") == b"2"
    for each in (cache, patient):
        await each.close()


async def test_nobody_listens():
    cache = _cache("redis://127.0.0.1:1")
    with pytest.raises(CacheUnavailableError, match="cannot read in the cache redis://"):
        await cache.get("a")
    await cache.close()


async def test_more_calls_than_connections_wait_for_each_other(redis):
    cache = _cache(f"{redis.url}?timeout_seconds=20")
    async with anyio.create_task_group() as group:
        for _ in range(200):
            group.start_soon(partial(cache.increment, "many", ttl_seconds=60))
    assert await cache.get("many") == b"200"
    await cache.close()


async def test_it_tells_how_full_it_is_where_it_is_bounded(redis):
    cache = _cache(f"{redis.url}?timeout_seconds=20")
    assert await cache.utilisation() is None
    client = cache._client
    await client.config_set("maxmemory", "64mb")
    assert 0 < await cache.utilisation() < 1
    await client.config_set("maxmemory", "0")
    await cache.close()
