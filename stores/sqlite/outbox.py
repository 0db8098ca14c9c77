"""Durable subscriptions in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec
from msgspec import Raw

from tasker.stores.outbox import (
    DeadLetterRecord,
    OutboxEntry,
    Pruned,
    SubscriptionRecord,
    SubscriptionStanding,
)
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import Row, json_text, text
from tasker.stores.sqlite.slice import Slice

_QUERIES = queries("outbox")
_names = msgspec.json.Decoder(tuple[str, ...]).decode


class OutboxSlice(Slice):
    """See `OutboxStore`."""

    async def put_subscription(self, subscription: SubscriptionRecord) -> None:
        """See `OutboxStore.put_subscription`."""
        values = {
            "name": subscription.name,
            "events": json_text(subscription.events),
            "created_at": subscription.created_at,
        }
        await self._writer.write(lambda raw: raw.execute(_QUERIES["put_subscription"], values))

    async def remove_subscription(self, name: str) -> bool:
        """See `OutboxStore.remove_subscription`."""

        def work(raw: sqlite3.Connection) -> bool:
            raw.execute(_QUERIES["delete_dead_letters"], {"name": name, "event_ids": None})
            return raw.execute(_QUERIES["delete_subscription"], (name,)).rowcount > 0

        return await self._writer.write(work)

    async def subscriptions(self) -> list[SubscriptionStanding]:
        """See `OutboxStore.subscriptions`."""
        rows = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["subscriptions"]).fetchall()
        )
        return [
            SubscriptionStanding(
                subscription=_subscription(row), waiting=row[8], dead_letters=row[9]
            )
            for row in rows
        ]

    async def wanted_events(self) -> dict[str, tuple[str, ...]]:
        """See `OutboxStore.wanted_events`."""
        rows = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["wanted_events"]).fetchall()
        )
        return {name: _names(events) for name, events in rows}

    async def suspend_subscription(self, name: str, reason: str | None) -> bool:
        """See `OutboxStore.suspend_subscription`."""
        values = {"name": name, "reason": reason}
        return await self._writer.write(
            lambda raw: raw.execute(_QUERIES["suspend_subscription"], values).rowcount > 0
        )

    async def lease_subscription(
        self, name: str, owner: str, *, now: float, until: float
    ) -> SubscriptionRecord | None:
        """See `OutboxStore.lease_subscription`."""
        values = {"name": name, "owner": owner, "now": now, "until": until}
        row = await self._writer.write(
            lambda raw: raw.execute(_QUERIES["lease_subscription"], values).fetchone()
        )
        return None if row is None else _subscription(row)

    async def release_subscription(self, name: str, epoch: int) -> None:
        """See `OutboxStore.release_subscription`."""
        values = {"name": name, "epoch": epoch}
        await self._writer.write(lambda raw: raw.execute(_QUERIES["release_subscription"], values))

    async def read_outbox(self, name: str, *, after: int, limit: int) -> list[OutboxEntry]:
        """See `OutboxStore.read_outbox`."""
        values = {"name": name, "after": after, "limit": limit}
        rows = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["read_outbox"], values).fetchall()
        )
        return [
            OutboxEntry(
                position=row[0], task_id=row[1], events=Raw(row[2].encode()), subscription=row[3]
            )
            for row in rows
        ]

    async def advance(
        self, name: str, epoch: int, cursor: int, *, dead: Sequence[DeadLetterRecord] = ()
    ) -> bool:
        """See `OutboxStore.advance`."""

        def work(raw: sqlite3.Connection) -> bool:
            values = {"name": name, "epoch": epoch, "cursor": cursor}
            if not raw.execute(_QUERIES["advance"], values).rowcount:
                return False
            raw.executemany(_QUERIES["put_dead_letter"], [_dead_row(each) for each in dead])
            return True

        return await self._writer.write(work)

    async def dead_letters(
        self, name: str | None = None, *, limit: int = 1_000
    ) -> list[DeadLetterRecord]:
        """See `OutboxStore.dead_letters`."""
        values = {"name": name, "limit": limit}
        rows = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["dead_letters"], values).fetchall()
        )
        return [
            DeadLetterRecord(
                subscription=row[0],
                event_id=row[1],
                task_id=row[2],
                event=Raw(row[3].encode()),
                attempts=row[4],
                error=row[5],
                at=row[6],
            )
            for row in rows
        ]

    async def redeliver(
        self, name: str, event_ids: Sequence[str] | None = None, *, at: float
    ) -> int:
        """See `OutboxStore.redeliver`."""
        chosen = _chosen(name, event_ids)

        def work(raw: sqlite3.Connection) -> int:
            raw.execute(_QUERIES["redeliver"], {**chosen, "at": at})
            return raw.execute(_QUERIES["delete_dead_letters"], chosen).rowcount

        return await self._writer.write(work)

    async def discard_dead_letters(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """See `OutboxStore.discard_dead_letters`."""
        chosen = _chosen(name, event_ids)
        return await self._writer.write(
            lambda raw: raw.execute(_QUERIES["delete_dead_letters"], chosen).rowcount
        )

    async def prune_outbox(self, before: float, *, limit: int = 1_000) -> Pruned:
        """See `OutboxStore.prune_outbox`."""

        def work(raw: sqlite3.Connection) -> Pruned:
            found = raw.execute(_QUERIES["prunable"], {"before": before, "limit": limit}).fetchall()
            raw.executemany(_QUERIES["delete_entry"], [(position,) for position, _ in found])
            return Pruned(deleted=len(found), lost=sum(wanted for _, wanted in found))

        return await self._writer.write(work)


def _subscription(row: Row) -> SubscriptionRecord:
    return SubscriptionRecord(
        name=row[0],
        events=_names(row[1]),
        created_at=row[2],
        cursor=row[3],
        owner=row[4],
        epoch=row[5],
        leased_until=row[6],
        suspended=row[7],
    )


def _dead_row(letter: DeadLetterRecord) -> Row:
    return (
        letter.subscription,
        letter.event_id,
        letter.task_id,
        text(letter.event),
        letter.attempts,
        letter.error,
        letter.at,
    )


def _chosen(name: str, event_ids: Sequence[str] | None) -> dict[str, str | None]:
    return {"name": name, "event_ids": None if event_ids is None else json_text(list(event_ids))}
