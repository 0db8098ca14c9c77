"""Telling other processes that there is something to look for, and hearing it from them.

A transaction that notifies takes a lock over the whole server when it commits, so no
commit of appends does. A process notifies afterwards, once for all that happened in the
meantime. What is lost on the way is found by polling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from tasker.stores.errors import StoreError
from tasker.stores.postgres.database import FIRST_PAUSE_SECONDS, Database
from tasker.stores.postgres.driver import FAILURES, Connection

PACE_SECONDS = 0.01
"""The least time between two notifications of one process."""
CHECK_SECONDS = 30.0
"""How often a connection on which nothing is heard is tried."""
LAST_SECONDS = 1.0
"""How long closing may take to tell what was not told yet."""
_LONGEST_PAUSE_SECONDS = 5.0


class Teller:
    """Says soon, and once for all that happened since, that there is something to look for."""

    def __init__(self, say: Callable[[], Awaitable[Any]]) -> None:
        self._say = say
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def nudge(self) -> None:
        """Have it said."""
        self._wanted.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Say what is still to be said, and end."""
        task, self._task = self._task, None
        if task is None:
            return
        await _ended(task)
        if self._wanted.is_set():
            with suppress(StoreError, TimeoutError):
                async with asyncio.timeout(LAST_SECONDS):
                    await self._say()

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._say()
            except StoreError:
                # Polling finds it.
                continue
            except asyncio.CancelledError:
                self._wanted.set()
                raise
            await asyncio.sleep(PACE_SECONDS)


class Listener:
    """Hears others on a connection of its own, and connects again when it is lost.

    Args:
        database: Where to connect.
        channel: What to listen on.
        name: How this process signs what it says itself, which is not told.
        tell: Is called on the event loop when somebody else has said something, or may
            have while nobody listened.
    """

    def __init__(
        self, database: Database, channel: str, name: str, tell: Callable[[], None]
    ) -> None:
        self._database = database
        self._channel = channel
        self._name = name
        self._tell = tell
        self._hears = False
        self._task: asyncio.Task[None] | None = None

    @property
    def hears(self) -> bool:
        """Whether it is connected."""
        return self._hears

    def start(self) -> None:
        """Begin to listen."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Listen no more."""
        task, self._task = self._task, None
        if task is not None:
            await _ended(task)

    async def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            with suppress(*FAILURES):
                connection = await self._database.connect()
                try:
                    await connection.add_listener(self._channel, self._heard)
                    pause, self._hears = FIRST_PAUSE_SECONDS, True
                    self._tell()
                    await _until_lost(connection)
                finally:
                    self._hears = False
                    connection.terminate()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _heard(self, _connection: Connection, _pid: int, _channel: str, payload: object) -> None:
        if payload != self._name:
            self._tell()


async def _until_lost(connection: Connection) -> None:
    """Return when the connection has ended. Raises as the driver does when it is found dead."""
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    while not (lost.is_set() or connection.is_closed()):
        with suppress(TimeoutError):
            async with asyncio.timeout(CHECK_SECONDS):
                await lost.wait()
                return
        await connection.execute("SELECT 1")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
