"""Durable subscriptions as their keeper sees them: how they stand, and what was given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from tasker.actors.protocols import Clock
from tasker.errors import UnknownSubscriptionError
from tasker.stores.outbox import OutboxStore


class SubscriptionView(Struct, frozen=True, kw_only=True):
    """A durable subscription.

    ``waiting`` is how many entries of the outbox it is not done with, wanted or not,
    ``dead_letters`` how many events it was given up on. ``owner`` is the process that
    delivers now, None between two deliveries. ``suspended`` says why nothing is delivered.
    """

    name: str
    events: tuple[str, ...]
    created_at: datetime
    waiting: int
    dead_letters: int
    owner: str | None
    suspended: str | None


class DeadLetter(Struct, frozen=True, kw_only=True):
    """An event that could not be delivered: the event, how often it was tried, and why not."""

    subscription: str
    event_id: str
    task_id: str
    event: dict[str, Any]
    attempts: int
    error: str
    at: datetime


class Subscriptions:
    """The durable subscriptions in an engine's store, those of other processes too.

    Args:
        store: Where they are.
        clock: The time.
        forget: Has this process deliver a subscription no more.
        nudge: Has this process look for something to deliver.
    """

    def __init__(
        self,
        store: OutboxStore,
        clock: Clock,
        *,
        forget: Callable[[str], None],
        nudge: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._forget = forget
        self._nudge = nudge

    async def all(self) -> list[SubscriptionView]:
        """Return them by name."""
        now = self._clock.now()
        return [
            SubscriptionView(
                name=(record := each.subscription).name,
                events=record.events,
                created_at=_instant(record.created_at),
                waiting=each.waiting,
                dead_letters=each.dead_letters,
                owner=record.owner if record.leased_until > now else None,
                suspended=record.suspended,
            )
            for each in await self._store.subscriptions()
        ]

    async def dead_letters(
        self, name: str | None = None, *, limit: int = 1_000
    ) -> list[DeadLetter]:
        """Return what one subscription, or all, could not deliver, oldest first.

        Raises:
            UnknownSubscriptionError: There is no such subscription.
        """
        if name is not None:
            await self._check(name)
        return [
            DeadLetter(
                subscription=each.subscription,
                event_id=each.event_id,
                task_id=each.task_id,
                event=msgspec.json.decode(each.event),
                attempts=each.attempts,
                error=each.error,
                at=_instant(each.at),
            )
            for each in await self._store.dead_letters(name, limit=limit)
        ]

    async def redeliver(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """Deliver dead letters again, all when no ids are given; return how many there are.

        Raises:
            UnknownSubscriptionError: There is no such subscription.
        """
        await self._check(name)
        count = await self._store.redeliver(name, event_ids, at=self._clock.now())
        self._nudge()
        return count

    async def discard(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """Delete dead letters, all when no ids are given; return how many there were.

        Raises:
            UnknownSubscriptionError: There is no such subscription.
        """
        await self._check(name)
        return await self._store.discard_dead_letters(name, event_ids)

    async def suspend(self, name: str, reason: str = "asked for") -> None:
        """Deliver nothing until `resume`; what comes meanwhile waits.

        A delivery that is under way ends within a few seconds.

        Raises:
            UnknownSubscriptionError: There is no such subscription.
        """
        if not await self._store.suspend_subscription(name, reason):
            await self._check(name)

    async def resume(self, name: str) -> None:
        """Deliver again, from where it was.

        Raises:
            UnknownSubscriptionError: There is no such subscription.
        """
        if not await self._store.suspend_subscription(name, None):
            await self._check(name)
        self._nudge()

    async def remove(self, name: str) -> None:
        """End a subscription, with its dead letters; nothing is kept for it any more.

        A process that still declares it makes it anew at its next start.

        Raises:
            UnknownSubscriptionError: There is no such subscription.
        """
        self._forget(name)
        if not await self._store.remove_subscription(name):
            await self._check(name)

    async def _check(self, name: str) -> None:
        known = await self._store.wanted_events()
        if name not in known:
            raise UnknownSubscriptionError(subscription=name, known=tuple(known))


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
