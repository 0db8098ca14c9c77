"""From a URL, or a cache of aiocache, to a cache.

memory://                                   kept in this process
memory://?max_entries=1000                  and at most so many values
redis://:password@cache.example:6379/0      rediss:// for TLS
memcached://cache.example:11211
redis://cache.example?namespace=shop        keys begin with shop:
redis://cache.example?timeout_seconds=0.2   how long a call may take
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit, urlunsplit

from tasker.stores.caches.known import (
    AIOCACHE_MEMCACHED,
    AIOCACHE_MEMORY,
    AIOCACHE_REDIS,
    class_names,
)
from tasker.stores.caches.memory import MemoryCache
from tasker.stores.caches.protocols import Cache
from tasker.stores.errors import CacheUrlError
from tasker.stores.masked import masked

DEFAULT_MEMCACHED_PORT = 11211


def make_cache(url: str) -> Cache:
    """Return the cache that a URL names. Nothing is connected to yet.

    Raises:
        CacheUrlError: No such kind of cache, or something in the URL is wrong.
        MissingExtraError: Redis is asked for, and the extra ``redis`` is not installed.
    """
    if "://" not in url:
        raise CacheUrlError(url=masked(url), reason="it has no scheme")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - a port that is no number is found by looking
    except ValueError as error:
        raise CacheUrlError(url=masked(url), reason=str(error)) from None
    make = _MAKERS.get(parts.scheme)
    if make is None:
        near = get_close_matches(parts.scheme, _MAKERS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}://?" if near else f"known are {', '.join(_MAKERS)}"
        raise CacheUrlError(url=masked(url), reason=f"unknown scheme {parts.scheme!r}; {hint}")
    return make(parts, url)


def adapt(cache: object) -> Cache:
    """Return a cache of aiocache as one of ours; one that is a `Cache` already, as it is.

    Of aiocache's Redis cache its client is used, of its Memcached cache the address. Its
    serializer, its plugins and its locks are not: what Tasker keeps is bytes.

    Raises:
        CacheUrlError: It is neither.
    """
    names = class_names(cache)
    given: Any = cache
    namespace = getattr(cache, "namespace", None) or ""
    if AIOCACHE_MEMORY in names:
        return MemoryCache()
    if AIOCACHE_MEMCACHED in names:
        from tasker.stores.caches.memcached import MemcachedCache

        return MemcachedCache(given.endpoint, given.port, namespace=namespace)
    if AIOCACHE_REDIS in names:
        from tasker.stores.caches.redis import RedisCache

        url = f"redis://{given.endpoint}:{given.port}/{given.db}"
        return RedisCache(given.client, url=url, namespace=namespace)
    if isinstance(cache, Cache):
        return cache
    reason = "it lacks methods of tasker.stores.caches.Cache (url, get, set, delete, close)"
    raise CacheUrlError(url=names[0], reason=reason)


def _memory(parts: SplitResult, url: str) -> Cache:
    options = _options(parts, url, {"max_entries": int})
    if parts.netloc or parts.path.strip("/"):
        raise CacheUrlError(url=masked(url), reason="memory:// takes no host and no path")
    try:
        return MemoryCache(**options)
    except ValueError as error:
        raise CacheUrlError(url=masked(url), reason=str(error)) from None


def _redis(parts: SplitResult, url: str) -> Cache:
    options = _options(parts, url, {"namespace": str, "timeout_seconds": _seconds})
    database = parts.path.strip("/")
    if not parts.hostname:
        raise CacheUrlError(url=masked(url), reason="it has no host")
    if database and not database.isdecimal():
        reason = f"the database is a number, as in redis://host/0, not {database!r}"
        raise CacheUrlError(url=masked(url), reason=reason)
    from tasker.stores.caches.redis import connect

    location = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    return connect(location, url=masked(location), **options)


def _memcached(parts: SplitResult, url: str) -> Cache:
    options = _options(parts, url, {"namespace": str, "timeout_seconds": _seconds})
    if not parts.hostname or parts.path.strip("/"):
        raise CacheUrlError(url=masked(url), reason="memcached:// takes a host, and no path")
    if "@" in parts.netloc:
        raise CacheUrlError(url=masked(url), reason="memcached:// takes no user and no password")
    from tasker.stores.caches.memcached import MemcachedCache

    return MemcachedCache(unquote(parts.hostname), parts.port or DEFAULT_MEMCACHED_PORT, **options)


_MAKERS: dict[str, Callable[[SplitResult, str], Cache]] = {
    "memory": _memory,
    "redis": _redis,
    "rediss": _redis,
    "memcached": _memcached,
}


def _options(
    parts: SplitResult, url: str, known: dict[str, Callable[[str], Any]]
) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            raise CacheUrlError(url=masked(url), reason=f"unknown option {name!r}{hint}")
        try:
            options[name] = known[name](text)
        except ValueError:
            raise CacheUrlError(url=masked(url), reason=f"{name} cannot be {text!r}") from None
    return options


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError(text)
    return seconds
