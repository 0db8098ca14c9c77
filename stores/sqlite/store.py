"""The store in a SQLite file."""

from __future__ import annotations

import sqlite3
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import anyio.to_thread

from tasker.stores.errors import StoreMissingError
from tasker.stores.sqlite.access import Access, access_to
from tasker.stores.sqlite.audit import AuditSlice
from tasker.stores.sqlite.catalog import CatalogSlice
from tasker.stores.sqlite.claims import ClaimSlice
from tasker.stores.sqlite.commands import CommandSlice
from tasker.stores.sqlite.connection import Connection
from tasker.stores.sqlite.journal import JournalSlice
from tasker.stores.sqlite.node_lock import NodeLock
from tasker.stores.sqlite.outbox import OutboxSlice
from tasker.stores.sqlite.reads import ReadSlice, register_functions
from tasker.stores.sqlite.schema import (
    Durability,
    prepare_reader,
    prepare_refuser,
    prepare_writer,
    refuse_foreign,
)
from tasker.stores.sqlite.statistics import StatisticsSlice
from tasker.stores.sqlite.within import WithinSlice


class SqliteStore(
    JournalSlice,
    WithinSlice,
    ReadSlice,
    StatisticsSlice,
    AuditSlice,
    ClaimSlice,
    CatalogSlice,
    CommandSlice,
    OutboxSlice,
):
    """A store in one SQLite file, for one engine and any number of other processes.

    A file that this process may not write, or on a file system that is read-only,
    is opened for reading: writes raise `StoreUnavailableError`.

    Args:
        path: The file. It is made when absent; its directory is not.
        durability: ``strict`` syncs every commit to the disk before acknowledging
            it. ``relaxed`` leaves that to the system: a killed process still loses
            nothing, a power cut may lose the last moments.
        busy_seconds: How long a write waits for other processes to finish theirs.
        create: Whether a file that is absent is made. For programs that look only.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        durability: Durability = "strict",
        busy_seconds: float = 10.0,
        create: bool = True,
    ) -> None:
        self._path = Path(path)
        self._durability: Durability = durability
        self._busy_seconds = busy_seconds
        self._create = create
        self._url = f"sqlite:///{self._path}"
        if durability != "strict":
            self._url += f"?durability={durability}"
        self._writer, self._reader = self._connection(), self._connection()
        self._is_open = False

    @property
    def url(self) -> str:
        """The URL that names this store."""
        return self._url

    @property
    def shared(self) -> bool:
        """See `Store.shared`."""
        return True

    async def open(self) -> None:
        """See `Store.open`.

        Raises:
            StoreVersionError: A newer version wrote the file.
            ForeignDatabaseError: The file is not one of ours.
            StoreUnavailableError: It cannot be opened or made.
            StoreMissingError: It is absent, and not to be made.
        """
        if self._is_open:
            return
        access = await anyio.to_thread.run_sync(self._inspect)
        prepare = partial(prepare_writer, url=self._url, durability=self._durability)
        if access != "write":
            prepare = partial(prepare_refuser, url=self._url)
        await self._writer.open(prepare, access)
        try:
            await self._reader.open(_prepare_reader, access)
        except BaseException:
            await self._writer.close()
            raise
        self._data_version = None
        self._is_open = True

    async def close(self) -> None:
        """See `Store.close`."""
        self._is_open = False
        with anyio.CancelScope(shield=True):
            # The lock last, and whatever happens: nobody may work the database while
            # this store still writes, and nobody can once its lock is forgotten.
            try:
                await self._reader.close()
            finally:
                try:
                    await self._writer.close()
                finally:
                    await self._drop_lock()

    async def execute(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one statement on the writer, outside a transaction; return its rows.

        For tests, and for a look by hand. ``PRAGMA max_page_count = 1`` makes every
        write that needs room fail as a full disk does, until it is raised again.
        """
        return await self._writer.run("write", lambda raw: raw.execute(sql, parameters).fetchall())

    async def _drop_lock(self) -> None:
        if self._joined is not None:
            self._joined = None
            await anyio.to_thread.run_sync(self._lock.release)

    def _connection(self) -> Connection:
        return Connection(self._path, url=self._url, busy_seconds=self._busy_seconds)

    def _inspect(self) -> Access:
        """Refuse what cannot become or is not a database of ours, before touching it.

        Returns how it can be opened.
        """
        try:
            if not (self._create or self._path.exists()):
                raise StoreMissingError(url=self._url)
            if not self._path.parent.is_dir():
                raise FileNotFoundError(self._path.parent)
            refuse_foreign(self._path, self._url, self._busy_seconds)
            access = access_to(self._path)
            self._file = str(self._path.resolve())
            self._lock = NodeLock(self._path, writable=access == "write")
            return access
        except (sqlite3.Error, OSError) as cause:
            raise self._writer.unavailable("open", cause) from cause


def _prepare_reader(connection: sqlite3.Connection) -> None:
    prepare_reader(connection)
    register_functions(connection)
