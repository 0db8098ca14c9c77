"""What a failure of SQLite or of the file system means, and the one thing to do about it."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import NamedTuple

from tasker.stores.sqlite.access import may_write, on_read_only_system, unfinished


class Trouble(NamedTuple):
    """A cause, and its remedy."""

    cause: str
    remedy: str


class ReplacedError(OSError):
    """The name of the database leads to another file by now, or to none."""


def trouble_of(failure: Exception, path: Path) -> Trouble:
    """Explain a failure. Touches the disk, so it is called off the event loop."""
    if isinstance(failure, ReplacedError):
        return _replaced(path)
    if path.is_dir():
        remedy = f"name a file in it, as in {path / 'tasker.db'}"
        return Trouble(f"{path} is a directory", remedy)
    if not path.parent.is_dir():
        return Trouble(f"the directory {path.parent} does not exist", "create it first")
    if isinstance(failure, sqlite3.Error):
        return _of_sqlite(failure, path)
    return _of_system(failure, path)


def _replaced(path: Path) -> Trouble:
    if path.exists():
        cause = f"another file has taken the place of {path}"
    else:
        cause = f"the database file {path} was removed"
    return Trouble(cause, "stop this process, and put the file back from a backup")


def _of_sqlite(failure: sqlite3.Error, path: Path) -> Trouble:
    said = str(failure) or type(failure).__name__
    # The low byte is the kind, the rest tells where it was met.
    code = getattr(failure, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _full()
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        remedy = "try again once it is done, or raise busy_seconds in the URL"
        return Trouble("the database is locked: another process is writing", remedy)
    if code == sqlite3.SQLITE_READONLY or (code == sqlite3.SQLITE_CANTOPEN and not may_write(path)):
        return _read_only(path)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Trouble(said, "the file is damaged: restore it from a backup")
    if code == sqlite3.SQLITE_IOERR:
        return Trouble(said, "check the disk, and the limits on the size of files")
    return Trouble(said, "check the permissions of the database and of its directory")


def _of_system(failure: Exception, path: Path) -> Trouble:
    number = failure.errno if isinstance(failure, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT):
        return _full()
    if number == errno.EROFS or (number in (errno.EACCES, errno.EPERM) and not may_write(path)):
        return _read_only(path)
    said = str(failure) or type(failure).__name__
    return Trouble(said, "check the permissions of the database and of its directory")


def _full() -> Trouble:
    return Trouble("the disk is full", "make room on it")


def _read_only(path: Path) -> Trouble:
    if on_read_only_system(path):
        cause = "the file system is read-only"
        remedy = "copy the database to another one" if path.exists() else "name a file elsewhere"
    else:
        cause = "the file system is read-only to this user"
        remedy = f"get write permission on {path.name} and on its directory"
    if unfinished(path):
        cause += ", and the database was not closed"
        remedy += ", the -wal file with it"
    return Trouble(cause, remedy)
