"""A server on loopback that answers what a test has it answer, or breaks off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Scripted:
    """Answers each line with what ``answers`` returns for it; None breaks the connection off."""

    def __init__(self, answers: Callable[[bytes], bytes | None]) -> None:
        self.answers = answers
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                answer = self.answers(line)
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def scripted(answers: Callable[[bytes], bytes | None]) -> AsyncIterator[Scripted]:
    """Run such a server."""
    script = Scripted(answers)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        server.close()
