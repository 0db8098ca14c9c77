"""How the checks get at a cache, and have time go by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import anyio

from tasker.stores.contract import expect

LONGEST_POLLS = 400


class Connections(Protocol):
    """A cache, as several processes see it. What one check leaves, another may find."""

    @property
    def lateness_seconds(self) -> float:
        """How much longer than it was asked for an entry may stay."""

    def connect(self) -> Any:
        """Return a connection to the cache of its own. Whoever made this closes it."""

    def key(self) -> str:
        """Return a key that nobody used."""

    async def wait(self, seconds: float) -> None:
        """Return when that much time went by for the cache."""


async def until(
    connections: Connections,
    what: Callable[[], Awaitable[bool]],
    *,
    within_seconds: float,
    promise: str,
) -> None:
    """Expect something to become true in a time of the cache's."""
    step = max(within_seconds / LONGEST_POLLS, 0.01)
    waited = 0.0
    while not await what():
        if waited > within_seconds + step:
            raise expect.BrokenPromiseError(f"{promise}\n  within: {within_seconds:g} s")
        await connections.wait(step)
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
