"""The database as the slices see it: work is run on a connection, again where that helps."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

from tasker.stores.errors import EncodingError, StoreClosedError, StoreUnavailableError
from tasker.stores.postgres.driver import (
    CONFLICTS,
    ENDING,
    FAILURES,
    LOST,
    UNSTORABLE,
    Connection,
    Pool,
    Row,
    connect,
    open_pool,
    settings_for,
)
from tasker.stores.postgres.options import PostgresOptions
from tasker.stores.postgres.statements import Statement
from tasker.stores.postgres.trouble import trouble_of

T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]

FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 1.0


class Database:
    """A pool of connections that turns every failure into a StoreError.

    A call that meets a lost connection, or a conflict with another transaction, is made
    again for ``reconnect_seconds``, with growing pauses.
    """

    def __init__(self, options: PostgresOptions, url: str) -> None:
        self.options = options
        self._url = url
        self._pool: Pool | None = None
        self.settings: dict[str, Any] = {}

    async def open(self) -> None:
        """Connect.

        Raises:
            StoreUnavailableError: The database cannot be reached.
        """
        options = {"synchronous_commit": "off"} if self.options.durability == "relaxed" else {}
        self.settings = settings_for(options, pooled=self.options.pooled)
        patience = Patience(self.options.reconnect_seconds)
        while True:
            try:
                self._pool = await open_pool(
                    self.options.dsn,
                    self.options.pool,
                    self.options.statement_seconds,
                    self.settings,
                )
                return
            except FAILURES as cause:
                if not (isinstance(cause, LOST) and await patience.wait()):
                    raise self.unavailable("open", cause) from cause
            except ValueError as cause:
                raise self.unavailable("open", cause) from cause

    async def close(self) -> None:
        """Let the work that is under way finish, then disconnect."""
        pool, self._pool = self._pool, None
        if pool is not None:
            with anyio.CancelScope(shield=True):
                with anyio.move_on_after(self.options.statement_seconds):
                    await pool.close()
                pool.terminate()

    async def connect(self) -> Connection:
        """Return a connection beside the pool; the caller closes it. Raises as the driver does."""
        self.check_open()
        return await connect(self.options.dsn, self.options.statement_seconds, self.settings)

    def check_open(self) -> None:
        """Raise `StoreClosedError` outside open and close."""
        if self._pool is None:
            raise StoreClosedError(url=self._url)

    async def read(self, work: Work[T], operation: str = "read") -> T:
        """Run work that may be cancelled, and be run again."""
        patience = Patience(self.options.reconnect_seconds)
        while True:
            try:
                return await self.once(work)
            except UNSTORABLE as cause:
                raise _unstorable(cause) from cause
            except (*CONFLICTS, *LOST) as cause:
                if not await patience.wait():
                    raise self.unavailable(operation, cause) from cause
            except FAILURES as cause:
                raise self.unavailable(operation, cause) from cause

    async def write(self, work: Work[T], operation: str = "write") -> T:
        """Run work that does no harm when it is done twice; cancellation waits for it."""
        with anyio.CancelScope(shield=True):
            result = await self.read(work, operation)
        return result

    async def transact(self, work: Work[T], operation: str = "write") -> T:
        """The same in one transaction."""

        async def inside(connection: Connection) -> T:
            async with connection.transaction():
                return await work(connection)

        return await self.write(inside, operation)

    async def once(self, work: Work[T]) -> T:
        """Run the work once. Raises as the driver does."""
        if self._pool is None:
            raise StoreClosedError(url=self._url)
        async with self._pool.acquire() as connection:
            try:
                return await work(connection)
            except ENDING:
                connection.terminate()
                raise

    async def rows(self, statement: Statement, **given: Any) -> list[Row]:
        """Run a query that reads; return its rows."""
        arguments = statement.arguments(given)
        return await self.read(lambda connection: connection.fetch(statement.sql, *arguments))

    async def put(self, statement: Statement, **given: Any) -> list[Row]:
        """Run one statement that writes; return its rows."""
        arguments = statement.arguments(given)
        return await self.write(lambda connection: connection.fetch(statement.sql, *arguments))

    def unavailable(self, operation: str, failure: Exception) -> StoreUnavailableError:
        """Return the error that tells of a failure."""
        cause, remedy = trouble_of(failure)
        return StoreUnavailableError(url=self._url, operation=operation, cause=cause, remedy=remedy)


class Patience:
    """Pauses that double from `FIRST_PAUSE_SECONDS`, until so many seconds have gone by."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._pause = FIRST_PAUSE_SECONDS

    async def wait(self) -> bool:
        """Pause; return False at once when the time is over."""
        if time.monotonic() + self._pause > self._until:
            return False
        await anyio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        return True


def _unstorable(cause: Exception) -> EncodingError:
    return EncodingError(
        what="a value",
        path="$",
        type_name=f"unstorable ({cause})",
        remedy="leave out U+0000, lone surrogates, and integers beyond 64 bits",
    )
