"""Many connections that watch server-sent events, and when each hears of what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tasker.bench.distribution import Latency, latency

EVENT = b"\nevent:"
PATIENCE_SECONDS = 10.0


class _Watcher(asyncio.Protocol):
    """One connection: notes when each event came."""

    def __init__(self, request: bytes) -> None:
        self.heard: list[float] = []
        self.is_open = asyncio.Event()
        self._request = request
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a watcher was refused: {data[:40]!r}")
        self.is_open.set()
        self.heard.extend([time.perf_counter()] * data.count(EVENT))

    def close(self) -> None:
        """Watch no more."""
        if self._transport is not None:
            self._transport.close()


class Watchers:
    """Those who watch, and when there was something to hear."""

    def __init__(self, watchers: list[_Watcher]) -> None:
        self._watchers = watchers
        self._caused: list[float] = []

    def cause(self) -> None:
        """Take note that what they watch for is caused now."""
        self._caused.append(time.perf_counter())

    async def delays(self) -> Latency:
        """Return how long after its cause each event came to each watcher.

        Raises:
            RuntimeError: Somebody did not hear of all.
        """
        wanted = len(self._caused)
        until = time.perf_counter() + PATIENCE_SECONDS
        while any(len(each.heard) < wanted for each in self._watchers):
            if time.perf_counter() > until:
                missed = sum(wanted - len(each.heard) for each in self._watchers)
                raise RuntimeError(f"{missed} events of {wanted * len(self._watchers)} never came")
            await asyncio.sleep(0.01)
        return latency(
            [
                came - caused
                for each in self._watchers
                for caused, came in zip(self._caused, each.heard, strict=True)
            ]
        )


@asynccontextmanager
async def watched(url: str, count: int) -> AsyncIterator[Watchers]:
    """Have so many connections watch the events at a URL."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}"
    request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    loop, watchers = asyncio.get_running_loop(), []
    try:
        for _ in range(count):
            _, watcher = await loop.create_connection(
                lambda: _Watcher(request), parts.hostname or "", parts.port or 80
            )
            watchers.append(watcher)
            await watcher.is_open.wait()
        yield Watchers(watchers)
    finally:
        for watcher in watchers:
            watcher.close()
