"""One SQLite connection, on a thread of its own.

Work is handed over as plain functions of the raw connection: a whole transaction
is one hop to the thread and back, whatever it does there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import anyio
import anyio.to_thread

from tasker.stores.errors import StoreClosedError, StoreUnavailableError
from tasker.stores.sqlite.access import Access, uri
from tasker.stores.sqlite.trouble import ReplacedError, trouble_of

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

    async def open(self, prepare: Work[None], access: Access = "write") -> None:
        """Connect and run ``prepare``; stay closed when it raises."""
        named: Path | str = self._path
        if access != "write":
            named = await anyio.to_thread.run_sync(uri, self._path, access)
        connection = aiosqlite.connect(
            named,
            uri=access != "write",
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
                raise await self._explained("open", cause) from cause
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
                    raise await self._explained("close", cause) from cause

    async def write(self, work: Work[T], operation: str = "write") -> T:
        """Run the work in a transaction that may write, and commit it.

        When it raises, nothing of it is recorded. Cancellation waits for it: the
        thread would go on with the statement anyway, and its outcome be lost.
        """

        def on_this_file(raw: sqlite3.Connection) -> T:
            result = work(raw)
            # SQLite goes on writing to a file that was removed, and the system keeps
            # it until it is closed: all that was acknowledged would go with it.
            try:
                same = _inode(self._path) == self._inode
            except FileNotFoundError as gone:
                raise ReplacedError("the database is not there") from gone
            if not same:
                raise ReplacedError("another file is there")
            return result

        with anyio.CancelScope(shield=True):
            result = await self.run(
                operation, lambda raw: _transaction(raw, "BEGIN IMMEDIATE", on_this_file)
            )
        return result

    async def read(self, work: Work[T]) -> T:
        """Run the work on one consistent view of the database."""
        return await self.run("read", lambda raw: _transaction(raw, "BEGIN", work))

    def check_open(self) -> None:
        """Raise `StoreClosedError` outside open and close."""
        if self._connection is None:
            raise StoreClosedError(url=self._url)

    async def run(self, operation: str, work: Work[T]) -> T:
        """Run the work on the connection's thread, outside a transaction."""
        if self._connection is None:
            raise StoreClosedError(url=self._url)

        def explained(raw: sqlite3.Connection) -> T:
            try:
                return work(raw)
            except (sqlite3.Error, OSError) as cause:
                raise self.unavailable(operation, cause) from cause

        return await hop(self._connection, explained)

    def unavailable(self, operation: str, failure: Exception) -> StoreUnavailableError:
        """Return the error that tells of a failure. Not for the event loop: it looks at files."""
        cause, remedy = trouble_of(failure, self._path)
        return StoreUnavailableError(url=self._url, operation=operation, cause=cause, remedy=remedy)

    async def _explained(self, operation: str, failure: Exception) -> StoreUnavailableError:
        return await anyio.to_thread.run_sync(partial(self.unavailable, operation, failure))


async def hop(connection: aiosqlite.Connection, work: Work[T]) -> T:
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
