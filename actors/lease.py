"""A node's lease: renewed from a thread of its own, and trusted for a little less than it holds.

An event loop that is held up, by a handler that computes or by a process that was stopped,
renews nothing. So the lease is renewed beside it; and whether it may be trusted is asked of a
clock, at the moment at which something is about to happen.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from tasker.stores.errors import StoreError
from tasker.stores.leases import LeaseLine, Renewal

MARGIN = 0.2
"""The part of a lease, at its end, for which it is not trusted any more.

It is what clocks may differ by in their rate, and what the start of an attempt takes.
"""
BEATS = 8
"""How often a lease is renewed while it lasts."""
LONGEST_BEAT_SECONDS = 1.5
"""The tasks of a dead node are found as soon as somebody renews a lease."""


def steady_seconds() -> float:
    """Return seconds of a clock that counts the sleep of the machine too, where there is one."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class Lease(Protocol):
    """Whether this node may act for the tasks that it owns."""

    def holds(self) -> bool:
        """Return whether it may be relied on at this moment."""


class NoLease:
    """The lease of a node that shares its store with nobody."""

    def holds(self) -> bool:
        """Return True: what it owns, nobody else takes."""
        return True


class KeptLease:
    """A lease that a thread renews.

    Trust runs from before an attempt to renew began, so that it ends before the lease does,
    whatever the attempt took.

    Args:
        line: The way to the store; used by the thread alone.
        node_id: Whose lease it is.
        seconds: How long it holds after being renewed.
        lag: How late the event loop is now, in seconds.
        now: Seconds of a clock that is never set, and goes on while a process is stopped.

    Attributes:
        told: Is called on the event loop for each renewal that says anything.
        lost: Is called on the event loop once trust has ended.
    """

    def __init__(
        self,
        line: LeaseLine,
        node_id: str,
        seconds: float,
        *,
        lag: Callable[[], float],
        now: Callable[[], float] = steady_seconds,
    ) -> None:
        self.seconds = seconds
        self._line = line
        self._node_id = node_id
        self._lag = lag
        self.told: Callable[[Renewal], None] = lambda _: None
        self.lost: Callable[[], None] = lambda: None
        self._now = now
        self._until = 0.0
        self._kept = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def holds(self) -> bool:
        """See `Lease.holds`."""
        return self._now() < self._until

    def begin(self, since: float) -> None:
        """Trust a lease that was taken by joining; ``since`` is when that was begun."""
        self._until = since + self.seconds * (1 - MARGIN)
        self._kept = True
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._keep()), name="tasker-lease", daemon=True
            )
            self._thread.start()

    def now(self) -> float:
        """Return the time of its clock."""
        return self._now()

    async def end(self) -> None:
        """Renew it no more."""
        self._until, self._kept = 0.0, False
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            await asyncio.get_running_loop().run_in_executor(None, thread.join)
            self._stopping.clear()

    async def _keep(self) -> None:
        pause = min(self.seconds / BEATS, LONGEST_BEAT_SECONDS)
        waits = asyncio.get_running_loop()
        while not await waits.run_in_executor(None, self._stopping.wait, pause):
            await self._renew()
        with suppress(Exception):
            await self._line.close()

    async def _renew(self) -> None:
        began, kept = self._now(), self._kept
        renewal = None
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(self.seconds / 2):
                renewal = await self._line.renew(self._node_id, self._lag())
        if not kept:
            return
        if renewal is not None and renewal.held:
            self._until = max(self._until, began + self.seconds * (1 - MARGIN))
        elif renewal is not None:
            self._until = 0.0
        if renewal is not None and (renewal.freed or renewal.drain):
            self._call(lambda: self.told(renewal))
        if not self.holds():
            self._kept = False
            self._call(self.lost)

    def _call(self, what: Callable[[], None]) -> None:
        # A loop that has been closed needs to know nothing any more.
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(what)
