"""Submitting through a connection of the application's own, inside its transaction."""

from __future__ import annotations

import uuid

from tasker.stores.errors import TransactionError
from tasker.stores.postgres.batch import Known, unstorable
from tasker.stores.postgres.catalog import CatalogSlice
from tasker.stores.postgres.driver import (
    FAILURES,
    TAKEN,
    UNSTORABLE,
    Connection,
    driver_connection,
)
from tasker.stores.postgres.herald import Herald
from tasker.stores.postgres.recording import record
from tasker.stores.postgres.schema import store_id
from tasker.stores.records import Append, DefinitionRecord, NamespaceRecord

_TRIES = 3


class WithinSlice(CatalogSlice):
    """See `TransactionStore.commit_within`.

    The application's transaction may take its time, so it locks nothing that a commit of
    the engine's waits for: what many tasks share is written beforehand, and the numbers of
    tasks are kept in a row that nobody else uses at that moment.
    """

    _known: Known
    _schema: str
    _store_id: str
    _herald: Herald

    async def commit_within(
        self, connection: object, append: Append, definition: DefinitionRecord | None
    ) -> None:
        """See `TransactionStore.commit_within`."""
        self._database.check_open()
        own = driver_connection(connection)
        if own is None:
            kind = type(connection).__name__
            raise TransactionError(
                url=self._url, reason=f"it takes one of asyncpg, and this is a {kind}"
            )
        if not own.is_in_transaction():
            reason = "it has no transaction; use it in `async with connection.transaction()`"
            raise TransactionError(url=self._url, reason=reason)
        await self._make_known(append, definition)
        try:
            await self._create_task(own, append)
        except UNSTORABLE as cause:
            raise (unstorable(append) or self._database.unavailable("write", cause)) from cause
        except FAILURES as cause:
            raise self._database.unavailable("write", cause) from cause
        self._herald.expect(append.task_id)

    async def _make_known(self, append: Append, definition: DefinitionRecord | None) -> None:
        if definition is not None:
            await self.put_definition(definition)
        namespace = append.created.namespace if append.created is not None else ""
        if namespace and namespace not in self._known.namespaces:
            await self.put_namespace(NamespaceRecord(name=namespace, created_at=append.at))
            self._known.namespaces.add(namespace)

    async def _create_task(self, own: Connection, append: Append) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                # A savepoint: what is refused leaves the transaction as it was.
                async with own.transaction():
                    await self._record(own, append)
                return
            except TAKEN:
                # Another transaction was first; its task is to be seen by the next try.
                if attempt == _TRIES:
                    raise

    async def _record(self, own: Connection, append: Append) -> None:
        if await store_id(own, self._schema) != self._store_id:
            raise TransactionError(url=self._url, reason="it is of another database")
        writer, commits = await self._guest(own)
        (refusal,), _ = await record(
            own, self._journal, [append], self._known, writer=writer, commits=commits
        )
        if refusal is not None:
            raise refusal

    async def _guest(self, own: Connection) -> tuple[str, int]:
        """Return the writer in whose row this transaction keeps its numbers."""
        row = await own.fetchrow(self._journal["take_guest"].sql)
        if row is not None:
            return row["writer_id"], row["commits"]
        writer = f"guest-{uuid.uuid4()}"
        return writer, await own.fetchval(self._journal["take_writer"].sql, writer)
