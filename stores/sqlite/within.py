"""Submitting through a connection of the application's own, inside its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import aiosqlite
import anyio.to_thread

from tasker.stores.errors import TransactionError
from tasker.stores.records import Append, DefinitionRecord
from tasker.stores.sqlite.connection import hop
from tasker.stores.sqlite.journal import record
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import definition_row
from tasker.stores.sqlite.slice import Slice

T = TypeVar("T")

_PUT_DEFINITION = queries("catalog")["put_definition"]
_DATABASES = "SELECT file FROM pragma_database_list WHERE name = 'main'"


class WithinSlice(Slice):
    """See `TransactionStore.commit_within`."""

    _file: str

    async def commit_within(
        self, connection: object, append: Append, definition: DefinitionRecord | None
    ) -> None:
        """See `TransactionStore.commit_within`.

        A connection of `sqlite3` works on the thread of its caller: on the event loop.
        """
        self._writer.check_open()

        def work(raw: sqlite3.Connection) -> None:
            self._check(raw)
            _in_savepoint(raw, lambda: _write(raw, append, definition))

        try:
            if isinstance(connection, aiosqlite.Connection):
                with anyio.CancelScope(shield=True):
                    await hop(connection, work)
            elif isinstance(connection, sqlite3.Connection):
                work(connection)
            else:
                kind = type(connection).__name__
                raise TransactionError(
                    url=self._url,
                    reason=f"it takes one of sqlite3 or aiosqlite, and this is a {kind}",
                )
        except sqlite3.Error as failure:
            cause: Exception = failure
            raise await anyio.to_thread.run_sync(
                lambda: self._writer.unavailable("write", cause)
            ) from failure

    def _check(self, raw: sqlite3.Connection) -> None:
        found = _plainly(raw, lambda: raw.execute(_DATABASES).fetchone())
        if found is None or found[0] != self._file:
            reason = f"it is of another database: {found[0] if found else 'none'}"
            raise TransactionError(url=self._url, reason=reason)
        if not raw.in_transaction:
            raise TransactionError(
                url=self._url, reason="it has no transaction; execute BEGIN IMMEDIATE first"
            )


def _write(raw: sqlite3.Connection, append: Append, definition: DefinitionRecord | None) -> None:
    if definition is not None:
        raw.execute(_PUT_DEFINITION, definition_row(definition))
    (refusal,) = record(raw, [append])
    if refusal is not None:
        raise refusal


def _in_savepoint(raw: sqlite3.Connection, work: Callable[[], T]) -> T:
    """Leave the transaction as it was when the work raises."""
    raw.execute("SAVEPOINT tasker")
    try:
        return _plainly(raw, work)
    except BaseException:
        raw.execute("ROLLBACK TO tasker")
        raise
    finally:
        raw.execute("RELEASE tasker")


def _plainly(raw: sqlite3.Connection, work: Callable[[], T]) -> T:
    """Have rows be tuples of text, however the application wants to have its own."""
    as_rows, as_text = raw.row_factory, raw.text_factory
    raw.row_factory, raw.text_factory = None, str
    try:
        return work()
    finally:
        raw.row_factory, raw.text_factory = as_rows, as_text
