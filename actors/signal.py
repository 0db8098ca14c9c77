"""A wake-up for one coroutine, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


class Signal:
    """Wakes the one who waits for it.

    `anyio.Event` serves any number of waiters, and costs three times as much; an
    actor waits for its mailbox alone, several times a step. Cancelling the waiter
    leaves the signal as if it had been set.
    """

    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Make one for the running loop; to name it saves Python 3.11 a system call."""
        loop = loop or asyncio.get_running_loop()
        self._future: asyncio.Future[None] = loop.create_future()

    @property
    def is_set(self) -> bool:
        """Whether it was set, or its waiter is gone."""
        return self._future.done()

    def set(self) -> None:
        """Wake the waiter; the first time counts."""
        if not self._future.done():
            self._future.set_result(None)

    def wait(self) -> Awaitable[None]:
        """Return what to await: it comes back once the signal is set."""
        return self._future
