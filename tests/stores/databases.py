"""The kinds of database that the contract suite runs on."""

from pathlib import Path

from tasker.stores import MemoryStore, SqliteStore
from tasker.stores.contract import Capabilities
from tasker.stores.postgres import PostgresStore


class MemoryDatabase:
    """A memory store is its own database."""

    capabilities = Capabilities()

    def __init__(self, path: Path, kind: type[MemoryStore] = MemoryStore) -> None:
        self._store = kind()

    def connect(self) -> MemoryStore:
        return self._store


class SqliteDatabase:
    """A file in a directory of the test's own."""

    capabilities = Capabilities(shares_between_instances=True)

    def __init__(self, path: Path) -> None:
        self._path = path / "contract.db"

    def connect(self) -> SqliteStore:
        return SqliteStore(self._path)


class PostgresDatabase:
    """A schema of the test's own."""

    capabilities = Capabilities(shares_between_instances=True, many_nodes=True)

    def __init__(self, url: str) -> None:
        self._url = url

    def connect(self) -> PostgresStore:
        return PostgresStore(self._url)
