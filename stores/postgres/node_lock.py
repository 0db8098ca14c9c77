"""The lock that says whether the node that works a store is alive."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tasker.stores.postgres.database import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Database
from tasker.stores.postgres.driver import FAILURES, Connection


class NodeLock:
    """An advisory lock on a connection of its own; the server drops it with the connection.

    When the connection is lost it is taken again as soon as it can be. In between another
    process may have taken it: what this one still writes is then fenced by the epochs.

    Behind a transaction pooler a session ends with its transaction, so the lock is one of
    a transaction that is left open. It has no snapshot, and keeps no row from being cleaned.
    """

    def __init__(self, database: Database, key: int) -> None:
        self._database = database
        self._key = key
        self._connection: Connection | None = None
        self._taking: asyncio.Task[None] | None = None

    async def take(self) -> bool:
        """Take the lock unless it is taken; return whether it was. Raises as the driver does."""
        connection = await self._database.connect()
        try:
            taken = await self._try(connection)
        except BaseException:
            connection.terminate()
            raise
        if not taken:
            await connection.close()
            return False
        self._connection = connection
        connection.add_termination_listener(self._lost)
        return True

    async def release(self) -> None:
        """Give the lock back. Safe when it is not held."""
        connection, self._connection = self._connection, None
        if self._taking is not None:
            self._taking.cancel()
            with suppress(asyncio.CancelledError):
                await self._taking
            self._taking = None
        if connection is not None:
            connection.remove_termination_listener(self._lost)
            # Closing it would do, at some moment. Where the server cannot be reached, it will.
            try:
                await connection.execute(
                    "ROLLBACK"
                    if self._database.options.pooled
                    else "SELECT pg_advisory_unlock_all()"
                )
                await connection.close(timeout=1.0)
            except FAILURES:
                connection.terminate()

    async def _try(self, connection: Connection) -> bool:
        if self._database.options.pooled:
            await connection.execute("BEGIN")
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            taken = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", self._key)
        else:
            taken = await connection.fetchval("SELECT pg_try_advisory_lock($1)", self._key)
        return bool(taken)

    def _lost(self, connection: Connection) -> None:
        if connection is self._connection or self._connection is not None:
            self._connection = None
            self._taking = asyncio.get_running_loop().create_task(self._take_again())

    async def _take_again(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            with suppress(*FAILURES):
                if await self.take():
                    self._taking = None
                    return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
