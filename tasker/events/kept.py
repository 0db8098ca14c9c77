"""Events of decisions as the store keeps them: in the order of commits, over restarts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from msgspec import Raw

from tasker.actors.protocols import Clock
from tasker.events.derive import DECIDED
from tasker.events.event import Event
from tasker.events.known import decode_event, types
from tasker.events.outbox import EventOutbox
from tasker.events.patterns import Patterns
from tasker.stores.outbox import OutboxEntry, OutboxStore, SubscriptionRecord

PAGE = 200
"""Entries of the outbox in one read."""

_raws = msgspec.json.Decoder(tuple[Raw, ...]).decode


class KeptEvent(NamedTuple):
    """An event, and the position of its entry in the outbox."""

    position: int
    event: Event


class KeptEvents:
    """The latest events that a durable subscription has in the outbox, to be read in order.

    Unlike a `DurableDelivery` it hands them to nobody: its cursor says what may be deleted,
    not what was done with. It stays in the store when this process ends, so that what
    happens meanwhile is kept too.

    Args:
        name: That of the subscription.
        events: What is kept, as patterns.
        store: Where.
        outbox: Is told what is wanted.
        clock: The time.
        owner: This process.
    """

    def __init__(
        self,
        name: str,
        events: Iterable[str],
        *,
        store: OutboxStore,
        outbox: EventOutbox,
        clock: Clock,
        owner: str,
    ) -> None:
        self.patterns = Patterns(events)
        self._name = name
        self._store = store
        self._outbox = outbox
        self._clock = clock
        self._owner = owner
        self._epoch = 0
        self.cursor = 0
        """The position up to which nothing is kept any longer."""
        self._read = 0

    def keeps(self, name: str) -> bool:
        """Return whether events of a name are kept: those of what a process sees are not."""
        return self.patterns.match(name) and (name in DECIDED or name not in types())

    async def begin(self, latest: int) -> list[KeptEvent]:
        """Have them kept from now on; return the latest of before, at least so many if kept.

        Raises:
            StoreError: The store cannot be used; begin again.
        """
        # First, so that nothing is decided without them once the subscription is there.
        self._outbox.subscribe(self._name, self.patterns)
        await self._store.put_subscription(
            SubscriptionRecord(
                name=self._name, events=self.patterns.texts, created_at=self._clock.now()
            )
        )
        await self._lease()
        self._read = self.cursor
        entries: deque[OutboxEntry] = deque(maxlen=latest)
        while page := await self._page():
            entries.extend(page)
        return [kept for entry in entries for kept in self._events(entry)]

    async def new(self) -> list[KeptEvent]:
        """Return what was recorded since the last call, whatever process did it."""
        found: list[KeptEvent] = []
        while page := await self._page():
            found += [kept for entry in page for kept in self._events(entry)]
        return found

    async def forget(self, position: int) -> None:
        """Have the store keep nothing of up to a position any longer, but for others."""
        if position <= self.cursor:
            return
        if not await self._store.advance(self._name, self._epoch, position):
            await self._lease()
            await self._store.advance(self._name, self._epoch, position)
        self.cursor = position

    async def _page(self) -> list[OutboxEntry]:
        entries = await self._store.read_outbox(self._name, after=self._read, limit=PAGE)
        if entries:
            self._read = entries[-1].position
        return entries

    async def _lease(self) -> None:
        """Become the one that moves the cursor; nobody else is kept from it for any time."""
        now = self._clock.now()
        leased = await self._store.lease_subscription(self._name, self._owner, now=now, until=now)
        if leased is not None:
            self._epoch, self.cursor = leased.epoch, leased.cursor

    def _events(self, entry: OutboxEntry) -> list[KeptEvent]:
        events = (decode_event(raw) for raw in _raws(entry.events))
        return [
            KeptEvent(entry.position, event) for event in events if self.patterns.match(event.name)
        ]
