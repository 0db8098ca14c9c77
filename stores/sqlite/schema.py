"""Bringing a file to the current schema, or refusing it untouched."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tasker.stores.errors import ForeignDatabaseError, StoreVersionError
from tasker.stores.sqlite.access import access_to, uri
from tasker.stores.sqlite.queries import migrations, statements

Durability = Literal["strict", "relaxed"]

# "TASK" in ASCII: how a file says that it is ours.
APPLICATION_ID = 0x5441534B

# WAL pages before a commit moves them into the database: 16 MiB. Fewer, and the
# move comes often; more, and one commit pays for too many.
CHECKPOINT_PAGES = 4000
CACHE_KIB = 64 * 1024
_MAGIC = b"SQLite format 3\0"
_RETRY_SECONDS = 0.01

_IDENTITY = """
SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)
FROM pragma_user_version, pragma_application_id
"""


def refuse_foreign(path: Path, url: str, busy_seconds: float) -> None:
    """Raise unless the file is absent, empty or ours; write nothing.

    Raises:
        ForeignDatabaseError: It is not a SQLite database, or someone else's.
        StoreVersionError: A newer version wrote it.
    """
    if not path.exists():
        return
    # SQLite takes a file of a few bytes for an empty database, and would write over it.
    with path.open("rb") as file:
        beginning = file.read(len(_MAGIC))
    if not beginning:
        return
    if beginning != _MAGIC:
        raise ForeignDatabaseError(url=url, reason="is not a SQLite database")
    access = access_to(path)
    connection = sqlite3.connect(
        uri(path, "read" if access == "write" else access), uri=True, timeout=busy_seconds
    )
    try:
        _check(connection, url)
    except sqlite3.DatabaseError as cause:
        if cause.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise ForeignDatabaseError(url=url, reason="is not a SQLite database") from None
        raise
    finally:
        connection.close()


def prepare_writer(connection: sqlite3.Connection, url: str, durability: Durability) -> None:
    """Set the connection up for writing, and bring the schema to the current version."""
    _use_wal(connection)
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'strict' else 'NORMAL'}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    migrate(connection, url)


def prepare_refuser(connection: sqlite3.Connection, url: str) -> None:
    """Set the writing connection of a database up that cannot be written.

    The schema must be current. What is written later is refused by SQLite itself.
    """
    connection.execute("PRAGMA temp_store = MEMORY")
    migrate(connection, url)


def prepare_reader(connection: sqlite3.Connection) -> None:
    """Set the connection up for reading alone."""
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")


def migrate(connection: sqlite3.Connection, url: str, scripts: Sequence[str] | None = None) -> None:
    """Run the migrations that the database lacks, each in a transaction of its own.

    Two processes may do this at once: each looks again inside its transaction.
    """
    scripts = migrations() if scripts is None else scripts
    while _check(connection, url, supported=len(scripts)) < len(scripts):
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _check(connection, url, supported=len(scripts))
            if version < len(scripts):
                for statement in statements(scripts[version]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _check(connection: sqlite3.Connection, url: str, supported: int | None = None) -> int:
    """Return the schema version; raise for a newer one, and for a database not ours."""
    supported = len(migrations()) if supported is None else supported
    # One statement, or a migration elsewhere could commit between two of them.
    version, application, tables = connection.execute(_IDENTITY).fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise ForeignDatabaseError(url=url, reason="is a SQLite database of another application")
    if version > supported:
        raise StoreVersionError(url=url, found=version, supported=supported)
    return int(version)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL, which SQLite refuses without waiting while another connection looks."""
    (milliseconds,) = connection.execute("PRAGMA busy_timeout").fetchone()
    deadline = time.monotonic() + milliseconds / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as cause:
            if cause.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
