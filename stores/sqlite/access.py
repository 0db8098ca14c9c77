"""What this process may do with a database file, and how SQLite is told of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

Access = Literal["write", "read", "frozen"]
"""``frozen`` reads without locks and without a log: for a file that nobody can write."""

_PARAMETERS = {"write": "", "read": "?mode=ro", "frozen": "?mode=ro&immutable=1"}

_EFFECTIVE = os.access in os.supports_effective_ids


def access_to(path: Path) -> Access:
    """Return how the database can be opened; one that is absent is made by a writer."""
    path = path.resolve()
    if not path.exists() or may_write(path):
        return "write"
    # What the log holds is not in the database yet. While anybody has the database
    # open there is an index to the log; without both, the file is all there is.
    return "read" if unfinished(path) or _beside(path, "-shm").exists() else "frozen"


def may_write(path: Path) -> bool:
    """Return whether the database can be written, and its log beside it."""
    path = path.resolve()
    if not path.exists():
        return _is_writable(path.parent)
    beside = [_beside(path, "-wal"), _beside(path, "-shm")]
    return _is_writable(path) and (
        _is_writable(path.parent) or all(_is_writable(each) for each in beside)
    )


def unfinished(path: Path) -> bool:
    """Return whether the log holds something that may not be in the database yet."""
    log = _beside(path.resolve(), "-wal")
    return log.exists() and log.stat().st_size > 0


def on_read_only_system(path: Path) -> bool:
    """Return whether the file system takes no writes from anybody."""
    found = path if path.exists() else path.parent
    flags = os.statvfs(found).f_flag if hasattr(os, "statvfs") and found.exists() else 0
    return bool(flags & getattr(os, "ST_RDONLY", 0))


def uri(path: Path, access: Access) -> str:
    """Return the database's name for SQLite."""
    return path.absolute().as_uri() + _PARAMETERS[access]


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=_EFFECTIVE)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
