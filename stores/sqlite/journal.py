"""Writes: whole appends, many at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tasker.stores.admission import Admission, Head, IdentityHolder, wanted_identities
from tasker.stores.errors import StoreError
from tasker.stores.records import Append
from tasker.stores.sqlite.batch import Batch, unstorable
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import json_text
from tasker.stores.sqlite.slice import Slice

_QUERIES = queries("journal")


class JournalSlice(Slice):
    """See `JournalStore`."""

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """See `JournalStore.commit`."""
        try:
            return await self._writer.write("commit", lambda raw: _record(raw, appends))
        except (ValueError, OverflowError):
            # One append must not fail the others that happen to be beside it.
            return await self._writer.write("commit", lambda raw: _record_storable(raw, appends))

    async def probe(self) -> None:
        """See `JournalStore.probe`."""
        await self._writer.write("probe", lambda raw: raw.execute(_QUERIES["insert_probe"]))
        found = await self._writer.write("probe", _take_probes)
        if not found:
            raise self._writer.unavailable("probe", OSError("what was written is not there"))


def _record(connection: sqlite3.Connection, appends: Sequence[Append]) -> list[StoreError | None]:
    admission = _admission(connection, appends)
    refusals = admission.refusals(appends)
    batch = Batch(admission.freed)
    for append, refusal in zip(appends, refusals, strict=True):
        if refusal is None:
            batch.add(append)
    batch.write(connection)
    return refusals


def _record_storable(
    connection: sqlite3.Connection, appends: Sequence[Append]
) -> list[StoreError | None]:
    """Record the appends that SQLite can hold; the others are refused."""
    refused: list[StoreError | None] = [unstorable(connection, append) for append in appends]
    storable = [append for append, reason in zip(appends, refused, strict=True) if reason is None]
    outcomes = iter(_record(connection, storable))
    return [reason if reason is not None else next(outcomes) for reason in refused]


def _admission(connection: sqlite3.Connection, appends: Sequence[Append]) -> Admission:
    """Fetch the facts that decide on the batch, with one query for each kind."""
    task_ids = json_text(list({append.task_id for append in appends}))
    heads = {
        task_id: Head(epoch, seq or 0)
        for task_id, epoch, seq in connection.execute(_QUERIES["heads"], {"task_ids": task_ids})
    }
    holders: dict[str, IdentityHolder] = {}
    if identities := wanted_identities(appends):
        wanted = {"identities": json_text(list(identities))}
        for identity, task_id, created_at in connection.execute(
            _QUERIES["identity_holders"], wanted
        ):
            holders[identity] = IdentityHolder(task_id, created_at)
    return Admission(heads=heads, identities=holders, freed=set())


def _take_probes(connection: sqlite3.Connection) -> bool:
    count, length = connection.execute(_QUERIES["read_probes"]).fetchone()
    connection.execute(_QUERIES["delete_probes"])
    return bool(count and length)
