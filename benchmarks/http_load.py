"""Putting load on an HTTP server: so many connections that ask at once, or so many a second.

The client is written for this: it sends bytes that were made beforehand and reads no more
of an answer than its status and its end, so that it takes less time than what it measures.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable

from msgspec import Struct

from tasker.bench.distribution import Latency, latency

HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class HttpLoad(Struct, frozen=True, kw_only=True):
    """What a server did under load; ``latency`` is from when a request was due to its answer."""

    seconds: float
    answers: int
    statuses: dict[int, int]
    latency: Latency

    @property
    def per_second(self) -> float:
        """Answers, by time."""
        return self.answers / self.seconds


class _Connection(asyncio.Protocol):
    """One connection, kept alive; one request at a time."""

    def __init__(self, answered: Callable[[_Connection, int], None]) -> None:
        self.due = 0.0
        self._answered = answered
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: bytes, due: float) -> None:
        """Send a request that was due at an instant of `time.perf_counter`."""
        assert self._transport is not None, "it is connected before it is asked"
        self.due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(HEAD_END)
        if head_end < 0:
            return
        body = head_end + len(HEAD_END)
        if len(self._received) < body + _content_length(bytes(self._received[:head_end])):
            return
        status = int(self._received[9:12])
        self._received.clear()
        self._answered(self, status)

    def close(self) -> None:
        """Let go of the connection."""
        if self._transport is not None:
            self._transport.close()


class _Run:
    """Many connections at work. ``again_until`` has each ask again once it has its answer."""

    def __init__(self, request: bytes) -> None:
        self.again_until = 0.0
        self._request = request
        self._waits: list[float] = []
        self._statuses: Counter[int] = Counter()
        self._idle: deque[_Connection] = deque()
        self._overdue: deque[float] = deque()
        self._connections: list[_Connection] = []
        self._all_idle = asyncio.Event()

    async def connect(self, host: str, port: int, connections: int) -> None:
        """Open the connections; each is idle then."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, connection = await loop.create_connection(
                lambda: _Connection(self._answered), host, port
            )
            self._connections.append(connection)
            self._idle.append(connection)

    def ask(self, due: float) -> None:
        """Send a request that is due at an instant, as soon as a connection is idle."""
        if self._idle:
            self._all_idle.clear()
            self._idle.popleft().ask(self._request, due)
        else:
            self._overdue.append(due)

    async def end(self, began: float) -> HttpLoad:
        """Return what was measured, once every request has its answer."""
        await self._all_idle.wait()
        seconds = time.perf_counter() - began
        for connection in self._connections:
            connection.close()
        return HttpLoad(
            seconds=seconds,
            answers=len(self._waits),
            statuses=dict(self._statuses),
            latency=latency(self._waits),
        )

    def _answered(self, connection: _Connection, status: int) -> None:
        now = time.perf_counter()
        self._waits.append(now - connection.due)
        self._statuses[status] += 1
        if self._overdue:
            connection.ask(self._request, self._overdue.popleft())
        elif now < self.again_until:
            connection.ask(self._request, now)
        else:
            self._idle.append(connection)
            if len(self._idle) == len(self._connections):
                self._all_idle.set()


async def ask_without_pause(
    host: str, port: int, request: bytes, *, connections: int, seconds: float
) -> HttpLoad:
    """Have so many connections ask, each again once it has its answer."""
    run = _Run(request)
    await run.connect(host, port, connections)
    began = time.perf_counter()
    run.again_until = began + seconds
    for _ in range(connections):
        run.ask(time.perf_counter())
    return await run.end(began)


async def ask_at_rate(
    host: str, port: int, request: bytes, *, connections: int, per_second: float, seconds: float
) -> HttpLoad:
    """Have requests sent at an even rate, whatever the answers; each wait from when it was due."""
    run = _Run(request)
    await run.connect(host, port, connections)
    began = time.perf_counter()
    for number in range(max(1, round(per_second * seconds))):
        due = began + number / per_second
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        run.ask(due)
    return await run.end(began)


def _content_length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    return 0 if at < 0 else int(head[at + len(_LENGTH) :].partition(b"\r\n")[0])
