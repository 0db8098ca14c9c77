"""Child processes of the tests, reaped whatever happens."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

ROOT = Path(__file__).parents[2]


class Child:
    """A process of `tests.stores.child`, read line by line."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None
        self.process = process
        self._lines = BufferedByteReceiveStream(process.stdout)

    async def line(self) -> str:
        """Return the next line that it says."""
        return (await self._lines.receive_until(b"\n", 1 << 16)).decode()

    async def go(self) -> None:
        """Let it go on where it waits to be told."""
        assert self.process.stdin is not None
        await self.process.stdin.send(b"go\n")

    async def rest(self) -> list[str]:
        """Return all complete lines that it said before it ended."""
        lines = []
        while True:
            try:
                lines.append(await self.line())
            except (anyio.IncompleteRead, anyio.EndOfStream):
                return lines


@asynccontextmanager
async def child(*arguments: str) -> AsyncIterator[Child]:
    """Run a verb of `tests.stores.child`."""
    command = [sys.executable, "-W", "error", "-m", "tests.stores.child", *arguments]
    async with await anyio.open_process(command, cwd=ROOT, stderr=None) as process:
        try:
            yield Child(process)
        finally:
            if process.returncode is None:
                process.kill()
