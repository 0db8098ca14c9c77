"""The lock that says whether the node that works a database is alive."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout


class NodeLock:
    """An exclusive lock on ``<database>.lock``; the system drops it with the process.

    The file stays behind: removing it would let two processes lock two files of
    the same name. Its methods touch the disk, so they are called off the loop.
    """

    def __init__(self, database: Path) -> None:
        # Two names of one database are one lock.
        self._path = database.resolve()
        self._path = self._path.with_name(f"{self._path.name}.lock")
        self._lock = self._new()

    def take(self) -> bool:
        """Take the lock unless it is taken; return whether it was."""
        return _taken_now(self._lock)

    def release(self) -> None:
        """Give the lock back. Safe when it is not held."""
        self._lock.release(force=True)

    def is_taken(self) -> bool:
        """Return whether anybody else holds the lock just now, even if for a moment."""
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
