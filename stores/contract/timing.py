"""Checks of what happens in time, and of what many do at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import anyio

from tasker.stores.contract import expect

MOST_POLLS = 400


class HasTime(Protocol):
    """Something that has a time of its own."""

    async def wait(self, seconds: float) -> None:
        """Return when that much of its time went by."""


async def until(
    world: HasTime,
    what: Callable[[], Awaitable[bool]],
    *,
    within_seconds: float,
    promise: str,
) -> None:
    """Expect something to become true in a time of the world's."""
    step = max(within_seconds / MOST_POLLS, 0.01)
    waited = 0.0
    while not await what():
        if waited > within_seconds + step:
            raise expect.BrokenPromiseError(f"{promise}\n  within: {within_seconds:g} s")
        await world.wait(step)
        waited += step


async def race(number: int, run: Callable[[int], Awaitable[Any]]) -> list[Any]:
    """Run something that many times at once, and return what came of it."""
    results: list[Any] = []

    async def one(turn: int) -> None:
        results.append(await run(turn))

    async with anyio.create_task_group() as group:
        for turn in range(number):
            group.start_soon(one, turn)
    return results
