"""What every slice of the PostgreSQL store stands on."""

from __future__ import annotations

from tasker.stores.postgres.database import Database
from tasker.stores.postgres.statements import Statements


class Slice:
    """The database, the SQL of each topic, and this store's name as a writer."""

    _database: Database
    _journal: Statements
    _reads: Statements
    _url: str
    _writer_id: str

    def _tell_others(self) -> None:
        """Say to other processes, in a moment, that there is something to look for."""
        raise NotImplementedError
