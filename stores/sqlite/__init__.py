"""The store in a SQLite file, split by slice."""

from tasker.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
