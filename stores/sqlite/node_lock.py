"""The lock that says whether the node that works a database is alive."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from filelock import FileLock, Timeout

if sys.platform != "win32":
    import fcntl


class NodeLock:
    """An exclusive lock on ``<database>.lock``; the system drops it with the process.

    The file stays behind: removing it would let two processes lock two files of
    the same name. Its methods touch the disk, so they are called off the loop.
    """

    def __init__(self, database: Path, *, writable: bool = True) -> None:
        # Two names of one database are one lock.
        self._path = database.resolve()
        self._path = self._path.with_name(f"{self._path.name}.lock")
        self._writable = writable
        self._lock = self._new()

    def take(self) -> bool:
        """Take the lock unless it is taken; return whether it was."""
        return _taken_now(self._lock)

    def release(self) -> None:
        """Give the lock back. Safe when it is not held."""
        self._lock.release(force=True)

    def is_taken(self) -> bool:
        """Return whether anybody else holds the lock just now, even if for a moment."""
        if not self._writable:
            return self._path.exists() and _is_held(self._path)
        probe = self._new()
        if not _taken_now(probe):
            return True
        probe.release()
        return False

    def _new(self) -> FileLock:
        # It is taken on one thread and given back on another.
        return FileLock(self._path, timeout=0, thread_local=False)


def _taken_now(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    return True


def _is_held(path: Path) -> bool:
    """Return whether anybody holds the lock, of a file that may only be read."""
    if sys.platform == "win32":
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
