"""The actor of one subscriber: takes its events from the mailbox, and has them handled."""

from __future__ import annotations

import asyncio

import anyio
from msgspec import Struct

from tasker.actors.actor import Supervised
from tasker.actors.mailbox import MailboxStatistics
from tasker.cancellation import was_cancelled
from tasker.events.handling import Failures, Handling
from tasker.events.mailbox import EventMailbox, WhenFull
from tasker.events.patterns import Patterns
from tasker.events.subscriber import BaseSubscriber
from tasker.telemetry.engine_log import logger
from tasker.telemetry.masking import Masker

_MASKER = Masker()


class SubscriberStatistics(Struct, frozen=True, kw_only=True):
    """How a subscriber does: events that wait now, and counts since it was registered.

    ``received`` are those brought to it, ``delivered`` those handled, ``failed`` those
    whose handling raised, ``dropped`` those for which there was no room, or no time at
    the end. ``holding`` is how many tasks it holds back now. ``last_error`` is what it raised
    last, without secrets. Of a ``durable`` one, ``waiting`` are those read ahead, and
    ``dead_lettered`` those that were given up.
    """

    name: str
    events: tuple[str, ...]
    when_full: WhenFull
    capacity: int
    waiting: int
    received: int
    delivered: int
    failed: int
    dropped: int
    holding: int
    last_error: str | None
    durable: bool = False
    dead_lettered: int = 0


class Delivery(Supervised):
    """Has one subscriber handle its events, one at a time, in order.

    Nothing that a subscriber does reaches anybody else: what it raises is counted and
    logged, a ``def`` of it runs in a thread that no other subscriber waits for.
    """

    def __init__(self, name: str, subscriber: BaseSubscriber, mailbox: EventMailbox) -> None:
        super().__init__(f"subscriber-{name}")
        self.subscriber_name = name
        self.subscriber = subscriber
        self.mailbox = mailbox
        self.patterns = Patterns(subscriber.events)
        self._handling = Handling(subscriber)
        self._failures = Failures(self.name)
        self._delivered = 0
        self._busy = False
        self._idle = anyio.Event()

    async def run(self) -> None:
        """Deliver, for ever."""
        while True:
            event = await self.mailbox.get()
            self._busy = True
            try:
                await self._handling.handle(event)
                self._delivered += 1
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and was_cancelled():
                    raise
                self._failures.add(event, error)
            finally:
                self._busy = False
                if not self.mailbox.events:
                    self._idle.set()

    async def teardown(self) -> None:
        """Have the subscriber let go of what it holds."""
        await self._handling.close()

    def close(self) -> None:
        """Drop what waits; nobody will handle it."""
        left = self.mailbox.clear()
        if left:
            logger.warning("%s ended with %d events undelivered", self.name, left)

    async def idle(self) -> None:
        """Return once every event so far was handled."""
        while self.mailbox.events or self._busy:
            self._idle = anyio.Event()
            await self._idle.wait()

    def mailbox_statistics(self) -> MailboxStatistics:
        """Return how its mailbox stands."""
        return self.mailbox.statistics()

    def statistics(self) -> SubscriberStatistics:
        """Return how the subscriber does."""
        box = self.mailbox
        return SubscriberStatistics(
            name=self.subscriber_name,
            events=self.patterns.texts,
            when_full=box.when_full,
            capacity=box.capacity,
            waiting=len(box.events) + self._busy,
            received=box.received,
            delivered=self._delivered,
            failed=self._failures.count,
            dropped=box.dropped,
            holding=len(box.held),
            last_error=self._failures.last,
        )
