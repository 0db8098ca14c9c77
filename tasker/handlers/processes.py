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
    """A worker process ended; ``began`` says whether it had taken up its order."""

    def __init__(self, *, pid: int, returncode: int | None, began: bool) -> None:
        self.pid = pid
        self.returncode = returncode
        self.began = began
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
            while self._idle:
                try:
                    return await self._ask(self._idle.pop(), order)
                except WorkerDiedError as death:
                    if death.began:
                        raise
                    # It had died while it was idle: nothing of the order was done.
            return await self._ask(await self._start(), order)

    async def aclose(self) -> None:
        """End every worker, whatever it does."""
        with anyio.CancelScope(shield=True):
            while self._all:
                await self._all.pop().end()
            self._idle.clear()

    async def _ask(self, worker: _Worker, order: bytes) -> bytes:
        try:
            reply = await worker.ask(order)
        except BaseException:
            self._all.discard(worker)
            await worker.end()
            raise
        self._idle.append(worker)
        return reply

    async def _start(self) -> _Worker:
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

    async def ask(self, order: bytes) -> bytes:
        began = False
        try:
            await self._orders.send(len(order).to_bytes(_HEADER, "big") + order)
            await self._replies.receive_exactly(1)
            began = True
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
                pid=self._process.pid, returncode=self._process.returncode, began=began
            ) from lost

    async def end(self) -> None:
        with anyio.CancelScope(shield=True):
            if self._process.returncode is None:
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
