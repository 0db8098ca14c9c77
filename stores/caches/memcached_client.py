"""Memcached's meta protocol: one request, one answer, on connections that are kept.

https://github.com/memcached/memcached/blob/master/doc/protocol.txt, from version 1.6 on.
Why not a library: docs/decisions/0021-caches.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

_ENDED = "the server closed the connection"


class MemcachedError(Exception):
    """The server refused a request, or said something that is no answer."""


class Answer(Struct, frozen=True):
    """What the server said: two letters, flags by their letter, and maybe a value."""

    code: str
    flags: dict[str, str]
    value: bytes | None


class MemcachedClient:
    """Sends requests to one server. For one event loop.

    A connection on which anything went wrong, being cancelled included, is not used again:
    an answer that comes late would be taken for that of the next request.
    """

    def __init__(self, host: str, port: int, *, max_connections: int) -> None:
        self._host = host
        self._port = port
        self._idle: list[_Connection] = []
        self._room = asyncio.Semaphore(max_connections)

    async def request(self, *words: str, payload: bytes | None = None) -> Answer:
        """Send one request of the meta protocol and return the answer.

        Raises:
            MemcachedError: The server refused it.
            OSError: There is no connection, or not any more.
        """
        async with self._connection() as connection:
            return await connection.ask(words, payload)

    async def statistics(self) -> dict[str, str]:
        """Return the server's general statistics."""
        async with self._connection() as connection:
            return await connection.statistics()

    async def close(self) -> None:
        """Close the connections that are not in use."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.abort()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[_Connection]:
        async with self._room:
            connection = self._reusable() or await self._connect()
            try:
                yield connection
            except BaseException:
                connection.abort()
                raise
            self._idle.append(connection)

    def _reusable(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.ended:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> _Connection:
        return _Connection(*await asyncio.open_connection(self._host, self._port))


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @property
    def ended(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    def abort(self) -> None:
        self._writer.transport.abort()

    async def ask(self, words: tuple[str, ...], payload: bytes | None) -> Answer:
        request = " ".join(words).encode() + b"\r\n"
        self._writer.write(request if payload is None else request + payload + b"\r\n")
        await self._writer.drain()
        code, *rest = (await self._line()).split()
        if code == "VA":
            size = int(rest.pop(0))
            value = (await self._exactly(size + 2))[:-2]
            return Answer(code, _flags(rest), value)
        if len(code) != 2:
            raise MemcachedError(" ".join([code, *rest]))
        return Answer(code, _flags(rest), None)

    async def statistics(self) -> dict[str, str]:
        self._writer.write(b"stats\r\n")
        await self._writer.drain()
        found: dict[str, str] = {}
        while (line := await self._line()) != "END":
            word, name, value = line.split(" ", 2)
            if word != "STAT":
                raise MemcachedError(line)
            found[name] = value
        return found

    async def _line(self) -> str:
        line = await self._reader.readline()
        if not line.endswith(b"\r\n") or len(line) == 2:
            raise ConnectionResetError(_ENDED)
        return line[:-2].decode("latin-1")

    async def _exactly(self, size: int) -> bytes:
        try:
            return await self._reader.readexactly(size)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError(_ENDED) from None


def _flags(words: list[str]) -> dict[str, str]:
    return {word[0]: word[1:] for word in words}
