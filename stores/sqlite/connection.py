"""One SQLite connection, on a thread of its own.

Work is handed over as plain functions of the raw connection: a whole transaction
is one hop to the thread and back, whatever it does there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import anyio

from tasker.stores.errors import StoreClosedError, StoreUnavailableError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

CACHED_STATEMENTS = 256


class Connection:
    """A connection that turns every failure of the database into a StoreError."""

    def __init__(self, path: Path, *, url: str, busy_seconds: float) -> None:
        self._path = path
        self._url = url
        self._busy_seconds = busy_seconds
        self._connection: aiosqlite.Connection | None = None
        self._inode: tuple[int, int] | None = None

    async def open(self, prepare: Work[None]) -> None:
        """Connect and run ``prepare``; stay closed when it raises."""
        connection = aiosqlite.connect(
            self._path,
            timeout=self._busy_seconds,
            # Transactions are begun and ended by us alone.
            isolation_level=None,
            cached_statements=CACHED_STATEMENTS,
        )
        # A thread that is not a daemon keeps the interpreter from exiting when
        # close() was forgotten. Before 0.22 the connection itself is the thread.
        thread: Any = getattr(connection, "_thread", connection)
        thread.daemon = True
        # Shielded: a cancelled open would leave the thread without an owner.
        with anyio.CancelScope(shield=True):
            try:
                self._connection = await connection
            except (sqlite3.Error, OSError) as cause:
                raise self.unavailable("open", cause) from cause
            try:
                await self.run("open", prepare)
                self._inode = await self.run("open", lambda _: _inode(self._path))
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Let the work that was handed over finish, then disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with anyio.CancelScope(shield=True):
                try:
                    await connection.close()
                except (sqlite3.Error, OSError) as cause:
                    raise self.unavailable("close", cause) from cause

    async def write(self, operation: str, work: Work[T]) -> T:
        """Run the work in a transaction that may write, and commit it.

        When it raises, nothing of it is recorded. Cancellation waits for it: the
        thread would go on with the statement anyway, and its outcome be lost.
        """

        def on_this_file(raw: sqlite3.Connection) -> T:
            result = work(raw)
            # SQLite goes on writing to a file that was removed, and the system keeps
            # it until it is closed: all that was acknowledged would go with it.
            if _inode(self._path) != self._inode:
                raise OSError("another file has taken the place of the database")
            return result

        with anyio.CancelScope(shield=True):
            result = await self.run(
                operation, lambda raw: _transaction(raw, "BEGIN IMMEDIATE", on_this_file)
            )
        return result

    async def read(self, operation: str, work: Work[T]) -> T:
        """Run the work on one consistent view of the database."""
        return await self.run(operation, lambda raw: _transaction(raw, "BEGIN", work))

    async def run(self, operation: str, work: Work[T]) -> T:
        """Run the work on the connection's thread, outside a transaction."""
        if self._connection is None:
            raise StoreClosedError(url=self._url)
        try:
            return await _hop(self._connection, work)
        except (sqlite3.Error, OSError) as cause:
            raise self.unavailable(operation, cause) from cause

    def unavailable(self, operation: str, cause: Exception) -> StoreUnavailableError:
        return StoreUnavailableError(
            url=self._url, operation=operation, cause=str(cause) or type(cause).__name__
        )


async def _hop(connection: aiosqlite.Connection, work: Work[T]) -> T:
    """Run the work on the connection's thread.

    The public methods of aiosqlite hop once for every statement. Its private
    `_execute` takes any function; this is the only place that uses it, and a test
    fails loudly should it disappear.
    """
    execute: Callable[..., Any] = connection._execute
    result: T = await execute(work, connection._conn)
    return result


def _inode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _transaction(raw: sqlite3.Connection, begin: str, work: Work[T]) -> T:
    raw.execute(begin)
    try:
        result = work(raw)
        raw.execute("COMMIT")
    except BaseException:
        # A full disk ends the transaction by itself; a failing ROLLBACK must not
        # hide why it was needed.
        if raw.in_transaction:
            with suppress(sqlite3.Error):
                raw.execute("ROLLBACK")
        raise
    return result
