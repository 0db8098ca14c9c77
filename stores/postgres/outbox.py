"""Durable subscriptions in PostgreSQL."""

from __future__ import annotations

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
from tasker.stores.postgres.driver import Connection, Row
from tasker.stores.postgres.rows import json_text, text
from tasker.stores.postgres.slice import Slice
from tasker.stores.postgres.statements import Statements

_names = msgspec.json.Decoder(tuple[str, ...]).decode


class OutboxSlice(Slice):
    """See `OutboxStore`.

    Commits leave their events in ``arrivals``, and wait for nobody. Whoever reads gives
    them positions, one at a time: so positions become visible in their order, however
    many commits are under way.
    """

    _outbox: Statements
    _turn_key: int
    _outbox_table: str

    async def put_subscription(self, subscription: SubscriptionRecord) -> None:
        """See `OutboxStore.put_subscription`."""

        async def work(connection: Connection) -> None:
            await self._receive(connection)
            cursor = await connection.fetchval(
                self._outbox["last_position"].sql, self._outbox_table
            )
            statement = self._outbox["put_subscription"]
            values = {
                "name": subscription.name,
                "events": json_text(subscription.events),
                "created_at": subscription.created_at,
                "cursor": cursor,
            }
            await connection.execute(statement.sql, *statement.arguments(values))

        await self._database.transact(work)

    async def remove_subscription(self, name: str) -> bool:
        """See `OutboxStore.remove_subscription`."""

        async def work(connection: Connection) -> bool:
            await connection.execute(self._outbox["delete_dead_letters"].sql, name, None)
            deleted = await connection.fetch(self._outbox["delete_subscription"].sql, name)
            return bool(deleted)

        return await self._database.transact(work)

    async def subscriptions(self) -> list[SubscriptionStanding]:
        """See `OutboxStore.subscriptions`."""
        rows = await self._database.rows(self._outbox["subscriptions"])
        return [
            SubscriptionStanding(
                subscription=_subscription(row), waiting=row[8], dead_letters=row[9]
            )
            for row in rows
        ]

    async def wanted_events(self) -> dict[str, tuple[str, ...]]:
        """See `OutboxStore.wanted_events`."""
        rows = await self._database.rows(self._outbox["wanted_events"])
        return {name: _names(events) for name, events in rows}

    async def suspend_subscription(self, name: str, reason: str | None) -> bool:
        """See `OutboxStore.suspend_subscription`."""
        statement = self._outbox["suspend_subscription"]
        return bool(await self._database.put(statement, name=name, reason=reason))

    async def lease_subscription(
        self, name: str, owner: str, *, now: float, until: float
    ) -> SubscriptionRecord | None:
        """See `OutboxStore.lease_subscription`."""
        rows = await self._database.put(
            self._outbox["lease_subscription"], name=name, owner=owner, now=now, until=until
        )
        return _subscription(rows[0]) if rows else None

    async def release_subscription(self, name: str, epoch: int) -> None:
        """See `OutboxStore.release_subscription`."""
        await self._database.put(self._outbox["release_subscription"], name=name, epoch=epoch)

    async def read_outbox(self, name: str, *, after: int, limit: int) -> list[OutboxEntry]:
        """See `OutboxStore.read_outbox`."""
        arrived = await self._database.read(
            lambda connection: connection.fetchval(self._outbox["has_arrivals"].sql)
        )
        if arrived:
            await self._database.transact(self._receive)
        rows = await self._database.rows(
            self._outbox["read_outbox"], name=name, after=after, limit=limit
        )
        return [
            OutboxEntry(
                position=position,
                task_id=task_id,
                events=Raw(events.encode()),
                subscription=subscription,
            )
            for position, task_id, events, subscription in rows
        ]

    async def advance(
        self, name: str, epoch: int, cursor: int, *, dead: Sequence[DeadLetterRecord] = ()
    ) -> bool:
        """See `OutboxStore.advance`."""
        statement = self._outbox["advance"]
        arguments = statement.arguments({"name": name, "epoch": epoch, "cursor": cursor})

        async def work(connection: Connection) -> bool:
            if not await connection.fetch(statement.sql, *arguments):
                return False
            # The last of each event, as a statement writes a row once.
            letters = {each.event_id: _dead_row(each) for each in dead}
            if letters:
                columns = [list(column) for column in zip(*letters.values(), strict=True)]
                await connection.execute(self._outbox["put_dead_letters"].sql, *columns)
            return True

        return await self._database.transact(work)

    async def dead_letters(
        self, name: str | None = None, *, limit: int = 1_000
    ) -> list[DeadLetterRecord]:
        """See `OutboxStore.dead_letters`."""
        rows = await self._database.rows(self._outbox["dead_letters"], name=name, limit=limit)
        return [DeadLetterRecord(**{**row, "event": Raw(row["event"].encode())}) for row in rows]

    async def redeliver(
        self, name: str, event_ids: Sequence[str] | None = None, *, at: float
    ) -> int:
        """See `OutboxStore.redeliver`."""
        statement = self._outbox["redeliver"]
        chosen = {"name": name, "event_ids": _listed(event_ids), "at": at}

        async def work(connection: Connection) -> int:
            await self._receive(connection)
            return len(await connection.fetch(statement.sql, *statement.arguments(chosen)))

        return await self._database.transact(work)

    async def discard_dead_letters(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """See `OutboxStore.discard_dead_letters`."""
        statement = self._outbox["delete_dead_letters"]
        return len(await self._database.put(statement, name=name, event_ids=_listed(event_ids)))

    async def prune_outbox(self, before: float, *, limit: int = 1_000) -> Pruned:
        """See `OutboxStore.prune_outbox`."""

        async def work(connection: Connection) -> Pruned:
            await self._receive(connection)
            statement = self._outbox["prune_outbox"]
            deleted = await connection.fetch(
                statement.sql, *statement.arguments({"before": before, "limit": limit})
            )
            return Pruned(deleted=len(deleted), lost=sum(row["wanted"] for row in deleted))

        return await self._database.transact(work)

    async def _receive(self, connection: Connection) -> None:
        """Give what has arrived its positions; nobody else does until the transaction ends."""
        await connection.execute(self._outbox["take_turn"].sql, self._turn_key)
        await connection.execute(self._outbox["receive"].sql)


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


def _dead_row(letter: DeadLetterRecord) -> tuple[object, ...]:
    return (
        letter.subscription,
        letter.event_id,
        letter.task_id,
        text(letter.event),
        letter.attempts,
        letter.error,
        letter.at,
    )


def _listed(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)
