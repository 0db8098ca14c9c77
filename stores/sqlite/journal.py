"""Writes: whole appends, many at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from tasker.stores.admission import Admission, Head, IdentityHolder, wanted_identities
from tasker.stores.errors import StoreError, StoreUnavailableError
from tasker.stores.records import Append
from tasker.stores.sqlite.batch import Batch, unstorable
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import json_text
from tasker.stores.sqlite.slice import Slice

_QUERIES = queries("journal")


# What a probe writes, in bytes: what the last commit that failed wanted, within limits.
LEAST_PROBE = 16 * 1024
LARGEST_PROBE = 32 * 1024 * 1024
_PAGE = 4096


class JournalSlice(Slice):
    """See `JournalStore`."""

    _probe_size = LEAST_PROBE

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """See `JournalStore.commit`."""
        try:
            try:
                return await self._writer.write(lambda raw: record(raw, appends))
            except (ValueError, OverflowError):
                # One append must not fail the others that happen to be beside it.
                return await self._writer.write(lambda raw: _record_storable(raw, appends))
        except StoreUnavailableError:
            # A smaller probe would find room where the commit, tried again, finds none.
            self._probe_size = max(self._probe_size, _room_for(appends))
            raise

    async def probe(self) -> None:
        """See `JournalStore.probe`."""
        size = {"size": self._probe_size}
        await self._writer.write(lambda raw: raw.execute(_QUERIES["insert_probe"], size))
        await self._writer.write(_take_probes)
        self._probe_size = LEAST_PROBE


def record(connection: sqlite3.Connection, appends: Sequence[Append]) -> list[StoreError | None]:
    """Record what is not refused, in a transaction of the caller; return why the rest is."""
    states: dict[str, str] = {}
    admission = _admission(connection, appends, states)
    refusals = admission.refusals(appends)
    batch = Batch(admission.freed, states)
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
    outcomes = iter(record(connection, storable))
    return [reason if reason is not None else next(outcomes) for reason in refused]


def _admission(
    connection: sqlite3.Connection, appends: Sequence[Append], states: dict[str, str]
) -> Admission:
    """Fetch the facts that decide on the batch, with one query for each kind.

    ``states`` is filled with those of the tasks that exist.
    """
    task_ids = json_text(list({append.task_id for append in appends}))
    heads: dict[str, Head] = {}
    for task_id, state, epoch, seq in connection.execute(_QUERIES["heads"], {"task_ids": task_ids}):
        heads[task_id] = Head(epoch, seq or 0)
        states[task_id] = state
    holders: dict[str, IdentityHolder] = {}
    if identities := wanted_identities(appends):
        wanted = {"identities": json_text(list(identities))}
        for identity, task_id, created_at in connection.execute(
            _QUERIES["identity_holders"], wanted
        ):
            holders[identity] = IdentityHolder(task_id, created_at)
    return Admission(heads=heads, identities=holders, freed=set())


def _room_for(appends: Sequence[Append]) -> int:
    """Return about how many bytes the appends take: their values, and a page for each."""
    try:
        size = len(msgspec.msgpack.encode(appends)) + _PAGE * len(appends)
    except (ValueError, OverflowError):  # what cannot be stored takes no room
        size = _PAGE * len(appends)
    return min(max(size, LEAST_PROBE), LARGEST_PROBE)


def _take_probes(connection: sqlite3.Connection) -> None:
    count, length = connection.execute(_QUERIES["read_probes"]).fetchone()
    if not (count and length):
        raise OSError("what was written is not there")
    connection.execute(_QUERIES["delete_probes"])
