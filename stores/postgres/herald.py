"""Noticing that transactions of the application were committed which brought tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress

from tasker.stores.errors import StoreError

FIRST_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
"""How long a task is looked for; a transaction that takes longer is found by polling."""


class Herald:
    """Looks for tasks whose transactions are open, and says when there are some.

    The database would tell by a NOTIFY in that transaction, whose commit would then take
    a lock over the whole server. So it is asked, for all of them at once: soon at first,
    then with pauses that double.

    Args:
        found: Returns those of some tasks that are there.
        say: Is called when there were any.
    """

    def __init__(
        self,
        found: Callable[[Collection[str]], Awaitable[Collection[str]]],
        say: Callable[[], None],
    ) -> None:
        self._found = found
        self._say = say
        self._expected: dict[str, float] = {}
        self._pause = FIRST_PAUSE_SECONDS
        self._task: asyncio.Task[None] | None = None

    def expect(self, task_id: str) -> None:
        """Look for a task."""
        loop = asyncio.get_running_loop()
        self._expected[task_id] = loop.time() + PATIENCE_SECONDS
        self._pause = FIRST_PAUSE_SECONDS
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._look())

    async def close(self) -> None:
        """Look no more."""
        task, self._task = self._task, None
        self._expected.clear()
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self._expected:
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
            with suppress(StoreError):
                there = await self._found(list(self._expected))
                for task_id in there:
                    self._expected.pop(task_id, None)
                if there:
                    self._say()
            now = loop.time()
            for task_id in [each for each, until in self._expected.items() if until < now]:
                del self._expected[task_id]
