"""The client of Memcached: late answers, ends of connections, and what is no answer."""

import anyio
import pytest

from tasker.errors import CacheUnavailableError
from tasker.stores.caches.memcached import LONGEST_TTL_SECONDS, MemcachedCache
from tests.caches.scripted import scripted


def _cache(port, **settings):
    return MemcachedCache("127.0.0.1", port, **{"timeout_seconds": 20, **settings})


async def test_a_late_answer_is_not_that_of_the_next_request():
    """What a timeout leaves unread goes with its connection."""
    silent = True

    def answers(line):
        if silent:
            return b""
        return b"VA 3\r\nnew\r\n"

    async with scripted(answers) as server:
        cache = _cache(server.port, timeout_seconds=0.1, max_connections=1)
        with pytest.raises(CacheUnavailableError, match=r"no answer within 0\.1 s"):
            await cache.get("a")
        silent = False
        assert await cache.get("b") == b"new"
        assert server.connections == 2
        await cache.close()


async def test_a_cancelled_call_gives_its_connection_up(memcached):
    cache = _cache(memcached.port, max_connections=1)
    await cache.set("a", b"1", ttl_seconds=60)
    await cache.set("b", b"2", ttl_seconds=60)
    for _ in range(20):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await cache.get("a")
        assert await cache.get("b") == b"2"
    await cache.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "the server closed the connection"),
        (b"SERVER_ERROR out of memory\r\n", "SERVER_ERROR out of memory"),
        (b"CLIENT_ERROR bad data chunk\r\n", "CLIENT_ERROR bad data chunk"),
        (b"ERROR\r\n", "ERROR"),
        (b"\r\n", "the server closed the connection"),
    ],
)
async def test_what_is_no_answer_is_an_error_at_once(answer, said):
    async with scripted(lambda line: answer) as server:
        cache = _cache(server.port)
        with anyio.fail_after(10), pytest.raises(CacheUnavailableError, match=said):
            await cache.get("a")
        await cache.close()


async def test_a_value_that_breaks_off_is_an_error():
    def answers(line):
        return b"VA 10\r\nabc" if line.startswith(b"mg") else None

    async with scripted(answers) as server:
        cache = _cache(server.port, timeout_seconds=0.2)
        with pytest.raises(CacheUnavailableError):
            await cache.get("a")
        await cache.close()


async def test_nobody_listens():
    cache = _cache(1)
    with pytest.raises(CacheUnavailableError, match="cannot read in the cache memcached://"):
        await cache.get("a")


async def test_connections_are_used_again_and_bounded():
    async with scripted(lambda line: b"EN\r\n") as server:
        cache = _cache(server.port, max_connections=2)
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(cache.get, f"{number}")
        assert server.connections == 2
        await cache.close()


async def test_a_connection_that_the_server_ended_is_not_used(memcached):
    cache = _cache(memcached.port)
    await cache.set("a", b"1", ttl_seconds=60)
    await anyio.to_thread.run_sync(memcached.kill)
    await anyio.to_thread.run_sync(memcached.start)
    assert await cache.get("a") is None
    await cache.close()


async def test_a_value_over_the_limit_of_the_server_is_refused(memcached):
    cache = _cache(memcached.port)
    with pytest.raises(CacheUnavailableError, match="too large"):
        await cache.set("a", b"x" * 2_000_000, ttl_seconds=60)
    assert await cache.get("a") is None
    await cache.close()


async def test_a_life_of_more_than_thirty_days_is_cut_to_them(memcached):
    """Beyond, Memcached would take it for an instant in 1970, and forget at once."""
    cache = _cache(memcached.port)
    await cache.set("a", b"1", ttl_seconds=400 * 24 * 3600)
    left = await cache.expires_in("a")
    assert LONGEST_TTL_SECONDS - 60 < left <= LONGEST_TTL_SECONDS
    await cache.close()


async def test_it_tells_how_full_it_is(memcached):
    cache = _cache(memcached.port)
    before = await cache.utilisation()
    for number in range(20):
        await cache.set(f"{number}", b"x" * 500_000, ttl_seconds=60)
    assert before < await cache.utilisation() < 1
    await cache.close()
