"""The caches whose capabilities are known by their class, without importing it."""

from __future__ import annotations

from collections.abc import Mapping

AIOCACHE_MEMORY = "aiocache.backends.memory.SimpleMemoryCache"
AIOCACHE_REDIS = "aiocache.backends.redis.RedisCache"
AIOCACHE_MEMCACHED = "aiocache.backends.memcached.MemcachedCache"

_ON_ONE_SERVER = {
    "distributed": True,
    "atomic_increment": True,
    "ttl_inspection": True,
    "namespace_support": True,
    "compression_support": False,
    "key_transformation": True,
}
KNOWN: Mapping[str, Mapping[str, bool]] = {
    AIOCACHE_REDIS: {**_ON_ONE_SERVER, "locking": True},
    AIOCACHE_MEMCACHED: {**_ON_ONE_SERVER, "locking": False},
    AIOCACHE_MEMORY: {
        **_ON_ONE_SERVER,
        "distributed": False,
        "locking": True,
    },
}
"""By full name of the class: what it can do once `adapt` has made it one of ours."""


def class_names(cache: object) -> list[str]:
    """Return the full names of the cache's class and of its parents, nearest first."""
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(cache).__mro__]


def known_capabilities(cache: object) -> Mapping[str, bool]:
    """Return what is known of the class, or of the nearest parent; empty for nothing."""
    return next((KNOWN[name] for name in class_names(cache) if name in KNOWN), {})
