"""Waiting for what can only be looked at."""

from __future__ import annotations

from collections.abc import Callable

import anyio


async def wait_until(reached: Callable[[], bool], *, every_seconds: float = 0.002) -> None:
    """Return once it is so, as seen by looking again and again."""
    # The engine's statistics have no event to wait for, on purpose: they cost nothing.
    while not reached():  # noqa: ASYNC110
        await anyio.sleep(every_seconds)
