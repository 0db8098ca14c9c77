"""Those who coordinate in the checks: each mode on a cache in memory, and on its server."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel

from tasker.stores.caches import CoordinationMode, MemoryCache, make_cache
from tasker.stores.coordination import (
    AtomicCoordination,
    BasicCoordination,
    Coordination,
    LocalCoordination,
)
from tests.caches.connections import LATENESS_SECONDS, Seconds
from tests.caches.servers import Server

KINDS: dict[str, type[Any]] = {
    "local_only": LocalCoordination,
    "distributed_basic": BasicCoordination,
    "distributed_atomic": AtomicCoordination,
}


class InMemory:
    """Participants by a cache in memory, whose time is theirs."""

    lateness_seconds = 0.0

    def __init__(self, mode: str, kind: type[MemoryCache] = MemoryCache) -> None:
        self.mode = CoordinationMode(mode)
        self.time = Seconds()
        self.cache = kind(now=self.time)

    @property
    def shared(self) -> bool:
        return self.mode is not CoordinationMode.LOCAL_ONLY

    def join(self) -> Coordination:
        kind = KINDS[self.mode]
        joined: Coordination = kind(self.cache, now=self.time, monotonic=self.time)
        return joined

    def key(self) -> str:
        return uuid.uuid4().hex

    async def wait(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.time.now += seconds

    async def flush(self) -> None:
        self.cache.clear()


class OnServer:
    """Participants by a server. Its time goes by as it does; theirs by as much, in `wait`."""

    shared = True

    def __init__(self, mode: str, server: Server, wrap: Callable[[Any], Any]) -> None:
        self.mode = CoordinationMode(mode)
        self.time = Seconds()
        self.lateness_seconds = LATENESS_SECONDS[server.url.partition(":")[0]]
        self._server = server
        self._wrap = wrap
        self._joined: list[Coordination] = []

    def join(self) -> Coordination:
        cache = make_cache(f"{self._server.url}?timeout_seconds=20")
        made = KINDS[self.mode](cache, now=self.time, monotonic=self.time)
        self._joined.append(self._wrap(made))
        return self._joined[-1]

    def key(self) -> str:
        return uuid.uuid4().hex

    async def wait(self, seconds: float) -> None:
        await anyio.sleep(seconds)
        self.time.now += seconds

    async def flush(self) -> None:
        await anyio.to_thread.run_sync(self._server.flush)

    async def close(self) -> None:
        for each in self._joined:
            await each.close()


@asynccontextmanager
async def on_server(
    mode: str, server: Server, wrap: Callable[[Any], Any] = lambda made: made
) -> AsyncIterator[OnServer]:
    """Yield participants by a server, and close what they opened."""
    participants = OnServer(mode, server, wrap)
    try:
        yield participants
    finally:
        await participants.close()
