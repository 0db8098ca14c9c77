"""A way to a server on which connections are cut, and bytes are lost, when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

Loss = Literal["request", "answer"]


class Proxy:
    """Passes bytes between clients and a server on this machine."""

    def __init__(self, server_port: int) -> None:
        self.port = 0
        self.closed = False
        self.cuts = 0
        self._server_port = server_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._loss: tuple[Loss, bytes] | None = None
        self._closes = False

    def lose(self, what: Loss, of: bytes, *, then_close: bool = False) -> None:
        """Lose the next request that holds these bytes, or its answer, and cut the connection.

        With ``then_close`` nobody gets through afterwards, until `open`.
        """
        self._loss, self._closes = (what, of), then_close

    def cut(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        """Cut every connection, and let nobody through."""
        self.closed = True
        self.cut()

    def open(self) -> None:
        """Let everybody through again."""
        self.closed = False

    async def serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        if self.closed:
            back.transport.abort()
            return
        server, on = await asyncio.open_connection("127.0.0.1", self._server_port)
        if self.closed:  # meanwhile
            for writer in (back, on):
                writer.transport.abort()
            return
        self._writers |= {back, on}
        lost: set[Loss] = set()
        pumps = [
            asyncio.ensure_future(self._requests(client, on, lost)),
            asyncio.ensure_future(self._answers(server, back, lost)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for writer in (back, on):
            self._writers.discard(writer)
            writer.transport.abort()
        await asyncio.wait(pumps)

    async def _requests(
        self, client: asyncio.StreamReader, on: asyncio.StreamWriter, lost: set[Loss]
    ) -> None:
        with suppress(OSError):
            while data := await client.read(1 << 16):
                if self._loss is not None and self._loss[1] in data:
                    lost.add(self._loss[0])
                    self._loss = None
                if "request" in lost:
                    self._end()
                    return
                on.write(data)

    async def _answers(
        self, server: asyncio.StreamReader, back: asyncio.StreamWriter, lost: set[Loss]
    ) -> None:
        with suppress(OSError):
            while data := await server.read(1 << 16):
                if "answer" in lost:
                    self._end()
                    return
                back.write(data)

    def _end(self) -> None:
        self.cuts += 1
        if self._closes:
            self.close()


@asynccontextmanager
async def proxy_to(server_port: int) -> AsyncIterator[Proxy]:
    """Run a proxy on this event loop."""
    proxy = Proxy(server_port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.close()
