"""Caches for the checks: in memory with a time of their own, and on servers."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from tasker.stores.caches import Cache, MemoryCache, make_cache


class Seconds:
    """A time that goes by when it is told to."""

    def __init__(self, start: float = 1_764_000_000.0) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now


class MemoryConnections:
    """A cache in memory; its connections are it."""

    lateness_seconds = 0.0

    def __init__(self, kind: type[MemoryCache] = MemoryCache) -> None:
        self.time = Seconds()
        self.cache = kind(now=self.time)

    def connect(self) -> MemoryCache:
        return self.cache

    def key(self) -> str:
        return uuid.uuid4().hex

    async def wait(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.time.now += seconds


class ServerConnections:
    """A cache on a server, and every connection to it that a check made."""

    def __init__(self, url: str, lateness_seconds: float) -> None:
        self.lateness_seconds = lateness_seconds
        self._url = url
        self._made: list[Cache] = []

    def connect(self) -> Cache:
        # Patient: the machine of the tests may be busy.
        self._made.append(make_cache(f"{self._url}?timeout_seconds=20"))
        return self._made[-1]

    def key(self) -> str:
        return uuid.uuid4().hex

    async def wait(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def close(self) -> None:
        for cache in self._made:
            await cache.close()


@asynccontextmanager
async def server_connections(url: str) -> AsyncIterator[ServerConnections]:
    """Yield the connections to a server, and close them."""
    connections = ServerConnections(url, LATENESS_SECONDS[url.partition(":")[0]])
    try:
        yield connections
    finally:
        await connections.close()


# How long after its time an entry may still be there: Memcached counts whole seconds, and
# a busy machine is late to ask.
LATENESS_SECONDS = {"redis": 1.0, "memcached": 3.0}
