"""Worker processes for ``executor: process``: kept, used again, and always ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress

import anyio
from anyio import CapacityLimiter
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from tasker.errors import TaskerError

_HEADER = 8
_LAST_WORDS_SECONDS = 1.0
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from tasker.handlers.worker import serve; serve()"
)


class WorkerDiedError(TaskerError):
    """A worker process ended in the middle of an attempt."""

    def __init__(self, *, pid: int, returncode: int | None) -> None:
        self.pid = pid
        self.returncode = returncode
        super().__init__(f"worker process died: process {pid} {_how(returncode)}")


class ProcessPool:
    """At most so many worker processes, each running one order at a time.

    A worker stays for the next order. One whose order is cancelled is killed.
    """

    def __init__(self, limit: int) -> None:
        self._limiter = CapacityLimiter(limit)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()

    async def run(self, order: bytes) -> bytes:
        """Send an order to a worker and return its reply.

        Raises:
            WorkerDiedError: The worker ended before it replied.
        """
        async with self._limiter:
            worker = await self._take()
            try:
                reply = await worker.ask(order)
            except BaseException:
                self._all.discard(worker)
                await worker.end()
                raise
            self._idle.append(worker)
            return reply

    async def aclose(self) -> None:
        """End every worker, whatever it does."""
        with anyio.CancelScope(shield=True):
            while self._all:
                await self._all.pop().end()
            self._idle.clear()

    async def _take(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            self._all.discard(worker)
            await worker.end()
        # A process that is being started must not be lost to a cancellation.
        with anyio.CancelScope(shield=True):
            worker = await _Worker.start()
        self._all.add(worker)
        return worker


class _Worker:
    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._orders = process.stdin
        self._replies = BufferedByteReceiveStream(process.stdout)

    @classmethod
    async def start(cls) -> _Worker:
        process = await anyio.open_process(
            [sys.executable, "-c", _BOOT, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
        )
        return cls(process)

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def ask(self, order: bytes) -> bytes:
        try:
            await self._orders.send(len(order).to_bytes(_HEADER, "big") + order)
            size = int.from_bytes(await self._replies.receive_exactly(_HEADER), "big")
            return await self._replies.receive_exactly(size)
        except (
            anyio.BrokenResourceError,
            anyio.ClosedResourceError,
            anyio.EndOfStream,
            anyio.IncompleteRead,
            OSError,
        ) as lost:
            # Let it end by itself, so that its own exit status is told, not that of our kill.
            with anyio.move_on_after(_LAST_WORDS_SECONDS):
                await self._process.wait()
            await self.end()
            raise WorkerDiedError(
                pid=self._process.pid, returncode=self._process.returncode
            ) from lost

    async def end(self) -> None:
        with anyio.CancelScope(shield=True):
            if self.is_alive:
                with suppress(ProcessLookupError):  # it may have ended since
                    self._process.kill()
            await self._process.aclose()


def _how(returncode: int | None) -> str:
    if returncode is None:
        return "was lost"
    if returncode >= 0:
        return f"exited with status {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    return f"was killed by {name}"
