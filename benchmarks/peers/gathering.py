"""So many coroutines at a time, for the peers that are driven by asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def gather_bounded(one: Callable[[], Awaitable[object]], tasks: int, in_flight: int) -> None:
    """Await ``one()`` so many times, at most so many at once."""
    left = iter(range(tasks))

    async def caller() -> None:
        for _ in left:
            await one()

    await asyncio.gather(*(caller() for _ in range(min(in_flight, tasks))))
