"""From a URL, or a cache of aiocache, to a cache."""

import sys

import aiocache
import pytest

from tasker.errors import CacheUrlError, MissingExtraError
from tasker.stores.caches import MemoryCache, adapt, make_cache


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("memory://", "memory://"),
        ("memory://?max_entries=3", "memory://"),
        ("redis://cache/2", "redis://cache/2"),
        ("rediss://me:secret@cache:6380/0", "rediss://me:***@cache:6380/0"),
        ("redis://:secret@cache?namespace=shop", "redis://:***@cache"),
        ("memcached://cache", "memcached://cache:11211"),
        ("MEMCACHED://[::1]:11300?timeout_seconds=0.2", "memcached://[::1]:11300"),
    ],
)
def test_a_url_names_a_cache(url, named):
    assert make_cache(url).url == named


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("cache:6379", "no scheme"),
        ("", "no scheme"),
        ("reddis://cache", "did you mean redis://"),
        ("ftp://cache", "known are memory, redis, rediss, memcached"),
        ("redis://", "no host"),
        ("redis://cache/main", "the database is a number"),
        ("redis://cache:port", "[Pp]ort"),
        ("redis://cache?name_space=a", "did you mean 'namespace'"),
        ("redis://cache?timeout_seconds=0", "timeout_seconds cannot be '0'"),
        ("redis://cache?timeout_seconds=soon", "timeout_seconds cannot be 'soon'"),
        ("memory://cache", "no host and no path"),
        ("memory://?max_entries=0", "max_entries is 0"),
        ("memory://?max_entries=many", "max_entries cannot be 'many'"),
        ("memcached://", "takes a host"),
        ("memcached://cache/0", "no path"),
        ("memcached://me:secret@cache", r"me:\*\*\*@cache.*no user"),
    ],
)
def test_what_is_wrong_is_said(url, said):
    with pytest.raises(CacheUrlError, match=said):
        make_cache(url)


def test_redis_without_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    monkeypatch.delitem(sys.modules, "tasker.stores.caches.redis", raising=False)
    with pytest.raises(MissingExtraError, match=r"tasker-engine\[redis\]"):
        make_cache("redis://cache")


def test_what_is_no_cache_is_refused():
    with pytest.raises(CacheUrlError, match=r"object.*lacks methods"):
        adapt(object())
    ours = MemoryCache()
    assert adapt(ours) is ours


@pytest.mark.parametrize("kind", [aiocache.RedisCache, aiocache.MemcachedCache])
async def test_a_cache_of_aiocache_is_used_where_it_points(kind, request):
    server = request.getfixturevalue(kind.NAME)
    # Without it, redis-py looks for its version on the disk, in the event loop.
    more = {"connection_pool_kwargs": {"driver_info": None}} if kind.NAME == "redis" else {}
    theirs = kind(endpoint="127.0.0.1", port=server.port, namespace="shop", **more)
    ours = adapt(theirs)
    await ours.set("key", b"value", ttl_seconds=60)
    shown = make_cache(f"{server.url}?namespace=shop&timeout_seconds=20")
    assert await shown.get("key") == b"value"
    elsewhere = make_cache(f"{server.url}?namespace=other&timeout_seconds=20")
    assert await elsewhere.get("key") is None
    for cache in (ours, shown, elsewhere):
        await cache.close()
