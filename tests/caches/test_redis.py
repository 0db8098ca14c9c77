"""The cache on Redis: calls end in time, and are sent once."""

import anyio
import pytest

from tasker.errors import CacheUnavailableError
from tasker.stores.caches import make_cache
from tests.caches.scripted import scripted


async def test_a_count_that_was_maybe_done_is_not_sent_again():
    sent = []

    def answers(line):
        sent.append(line)
        if line == b"EVALSHA\r\n":
            return None
        greeted = sent[-3:] == [b"HELLO\r\n", b"$1\r\n", b"3\r\n"]
        return b"%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n" if greeted else b""

    async with scripted(answers) as server:
        cache = make_cache(f"redis://127.0.0.1:{server.port}?timeout_seconds=20")
        with pytest.raises(CacheUnavailableError, match="cannot count"):
            await cache.increment("a", ttl_seconds=60)
        await cache.close()
    assert sent.count(b"EVALSHA\r\n") == 1


async def test_a_frozen_server_is_left_in_time(redis):
    cache = make_cache(f"{redis.url}?timeout_seconds=0.2")
    await cache.set("a", b"1", ttl_seconds=60)
    await cache.set("b", b"2", ttl_seconds=60)
    redis.freeze()
    try:
        with anyio.fail_after(10), pytest.raises(CacheUnavailableError, match=r"within 0\.2 s"):
            await cache.get("a")
    finally:
        redis.thaw()
    patient = make_cache(f"{redis.url}?timeout_seconds=20")
    assert await patient.get("b") == b"2"
    for each in (cache, patient):
        await each.close()


async def test_nobody_listens():
    cache = make_cache("redis://127.0.0.1:1")
    with pytest.raises(CacheUnavailableError, match="cannot read in the cache redis://"):
        await cache.get("a")
    await cache.close()


async def test_more_calls_than_connections_wait_for_each_other(redis):
    cache = make_cache(f"{redis.url}?timeout_seconds=20")
    async with anyio.create_task_group() as group:
        for number in range(200):
            group.start_soon(lambda number=number: cache.increment("many", ttl_seconds=60))
    assert await cache.get("many") == b"200"
    await cache.close()


async def test_it_tells_how_full_it_is_where_it_is_bounded(redis):
    cache = make_cache(f"{redis.url}?timeout_seconds=20")
    assert await cache.utilisation() is None
    client = cache._client
    await client.config_set("maxmemory", "64mb")
    assert 0 < await cache.utilisation() < 1
    await client.config_set("maxmemory", "0")
    await cache.close()
