"""The first signal asks to stop, the second one insists."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from tasker.cli.exits import Exit

T = TypeVar("T")

STOPPING = "stopping: nothing more is started; Ctrl-C again to stop at once"


class Stop:
    """Whether a signal has come, and the scope of what ends at the first one."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self.asked = anyio.Event()
        self.gently = anyio.CancelScope()
        self.at_once = anyio.CancelScope()

    @property
    def code(self) -> Exit:
        """The exit code of a process that was stopped."""
        return Exit.TERMINATED if self.signal is signal.SIGTERM else Exit.INTERRUPTED


async def until_stopped(
    work: Callable[[Stop], Awaitable[T]], *, on_first: Callable[[], None]
) -> T | Exit:
    """Do the work; at the first signal cancel ``stop.gently``, at the second everything.

    Returns what the work returns, or the exit code when it was cut off.
    """
    stop = Stop()

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for each in signals:
                if stop.signal is not None:
                    stop.at_once.cancel()
                    continue
                stop.signal = each
                on_first()
                stop.asked.set()
                stop.gently.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        # So that no signal comes before somebody listens.
        await anyio.lowlevel.checkpoint()
        with stop.at_once:
            result = await work(stop)
        group.cancel_scope.cancel()
    return stop.code if stop.at_once.cancelled_caught else result
