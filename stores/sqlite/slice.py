"""What every slice of the SQLite store stands on."""

from __future__ import annotations

from tasker.stores.sqlite.connection import Connection


class Slice:
    """A writer and a reader.

    All writes go through the one writer, so that another writer than it can only
    be another process. In WAL the reader goes on beside a commit, and sees what
    was committed before its read began.
    """

    _writer: Connection
    _reader: Connection
    _url: str
