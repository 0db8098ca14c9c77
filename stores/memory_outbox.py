"""Durable subscriptions, kept in memory."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from tasker.stores.memory_base import MemoryBase
from tasker.stores.outbox import (
    DeadLetterRecord,
    OutboxEntry,
    Pruned,
    SubscriptionRecord,
    SubscriptionStanding,
)


class _Kept(msgspec.Struct, frozen=True):
    """An entry, and when it was recorded."""

    entry: OutboxEntry
    at: float


class MemoryOutbox(MemoryBase):
    """The outbox slice, in lists and dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self._outbox: list[_Kept] = []
        self._position = 0
        self._subscriptions: dict[str, SubscriptionRecord] = {}
        self._dead: dict[tuple[str, str], DeadLetterRecord] = {}

    def _send(self, task_id: str, events: Raw, at: float, only: str | None = None) -> None:
        """Add an entry at the end."""
        self._position += 1
        entry = OutboxEntry(
            position=self._position, task_id=task_id, events=events, subscription=only
        )
        self._outbox.append(_Kept(entry, at))

    def _free_leases(self, owner: str) -> None:
        for name, found in self._subscriptions.items():
            if found.owner == owner:
                self._subscriptions[name] = replace(found, owner=None)

    async def put_subscription(self, subscription: SubscriptionRecord) -> None:
        """See `OutboxStore.put_subscription`."""
        self._check_open()
        known = self._subscriptions.get(subscription.name)
        if known is None:
            known = SubscriptionRecord(
                name=subscription.name,
                events=(),
                created_at=subscription.created_at,
                cursor=self._position,
            )
        self._subscriptions[known.name] = replace(known, events=subscription.events)

    async def remove_subscription(self, name: str) -> bool:
        """See `OutboxStore.remove_subscription`."""
        await self.discard_dead_letters(name)
        return self._subscriptions.pop(name, None) is not None

    async def subscriptions(self) -> list[SubscriptionStanding]:
        """See `OutboxStore.subscriptions`."""
        self._check_open()
        return [
            SubscriptionStanding(
                subscription=found,
                waiting=sum(_waits(found, kept.entry) for kept in self._outbox),
                dead_letters=sum(key[0] == name for key in self._dead),
            )
            for name, found in sorted(self._subscriptions.items())
        ]

    async def wanted_events(self) -> dict[str, tuple[str, ...]]:
        """See `OutboxStore.wanted_events`."""
        self._check_open()
        return {name: found.events for name, found in sorted(self._subscriptions.items())}

    async def suspend_subscription(self, name: str, reason: str | None) -> bool:
        """See `OutboxStore.suspend_subscription`."""
        self._check_open()
        if name not in self._subscriptions:
            return False
        self._subscriptions[name] = replace(self._subscriptions[name], suspended=reason)
        return True

    async def lease_subscription(
        self, name: str, owner: str, *, now: float, until: float
    ) -> SubscriptionRecord | None:
        """See `OutboxStore.lease_subscription`."""
        self._check_open()
        found = self._subscriptions.get(name)
        if found is None or (found.owner not in (None, owner) and found.leased_until > now):
            return None
        epoch = found.epoch + (found.owner != owner)
        leased = replace(found, owner=owner, epoch=epoch, leased_until=until)
        self._subscriptions[name] = leased
        return leased

    async def release_subscription(self, name: str, epoch: int) -> None:
        """See `OutboxStore.release_subscription`."""
        self._check_open()
        found = self._subscriptions.get(name)
        if found is not None and found.epoch == epoch:
            self._subscriptions[name] = replace(found, owner=None)

    async def read_outbox(self, name: str, *, after: int, limit: int) -> list[OutboxEntry]:
        """See `OutboxStore.read_outbox`."""
        self._check_open()
        found = (kept.entry for kept in self._outbox if kept.entry.position > after)
        return [each for each in found if each.subscription in (None, name)][:limit]

    async def advance(
        self, name: str, epoch: int, cursor: int, *, dead: Sequence[DeadLetterRecord] = ()
    ) -> bool:
        """See `OutboxStore.advance`."""
        self._check_open()
        found = self._subscriptions.get(name)
        if found is None or found.epoch != epoch:
            return False
        self._subscriptions[name] = replace(found, cursor=max(found.cursor, cursor))
        for letter in dead:
            self._dead[letter.subscription, letter.event_id] = letter
        return True

    async def dead_letters(
        self, name: str | None = None, *, limit: int = 1_000
    ) -> list[DeadLetterRecord]:
        """See `OutboxStore.dead_letters`."""
        self._check_open()
        found = [each for each in self._dead.values() if name in (None, each.subscription)]
        return sorted(found, key=lambda each: (each.at, each.subscription, each.event_id))[:limit]

    async def redeliver(
        self, name: str, event_ids: Sequence[str] | None = None, *, at: float
    ) -> int:
        """See `OutboxStore.redeliver`."""
        self._check_open()
        chosen = self._chosen(name, event_ids)
        for letter in sorted(chosen, key=lambda each: (each.at, each.event_id)):
            self._send(letter.task_id, Raw(b"[" + bytes(letter.event) + b"]"), at, only=name)
            del self._dead[name, letter.event_id]
        return len(chosen)

    async def discard_dead_letters(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """See `OutboxStore.discard_dead_letters`."""
        self._check_open()
        chosen = self._chosen(name, event_ids)
        for letter in chosen:
            del self._dead[name, letter.event_id]
        return len(chosen)

    async def prune_outbox(self, before: float, *, limit: int = 1_000) -> Pruned:
        """See `OutboxStore.prune_outbox`."""
        self._check_open()
        wanted = {
            kept.entry.position: any(
                _waits(found, kept.entry) for found in self._subscriptions.values()
            )
            for kept in self._outbox[:limit]
        }
        gone = {
            kept.entry.position
            for kept in self._outbox[:limit]
            if kept.at < before or not wanted[kept.entry.position]
        }
        self._outbox = [kept for kept in self._outbox if kept.entry.position not in gone]
        lost = sum(wanted[position] for position in gone)
        return Pruned(deleted=len(gone), lost=lost)

    def _chosen(self, name: str, event_ids: Sequence[str] | None) -> list[DeadLetterRecord]:
        return [
            letter
            for (owner, event_id), letter in self._dead.items()
            if owner == name and (event_ids is None or event_id in event_ids)
        ]


def _waits(subscription: SubscriptionRecord, entry: OutboxEntry) -> bool:
    return entry.position > subscription.cursor and entry.subscription in (None, subscription.name)
