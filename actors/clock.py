"""The machine's clock."""

from __future__ import annotations

import time

import anyio


class SystemClock:
    """Wall-clock time, and real waiting."""

    def now(self) -> float:
        """Return the time in Unix seconds, UTC."""
        return time.time()

    async def wait(self, event: anyio.Event, seconds: float | None) -> None:
        """Return when the event is set or that many seconds have gone by."""
        if seconds is None:
            await event.wait()
            return
        with anyio.move_on_after(seconds):
            await event.wait()

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have gone by."""
        await anyio.sleep(seconds)
