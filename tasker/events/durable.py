"""The actor of one durable subscription: waits for something to deliver, and has it delivered."""

from __future__ import annotations

import anyio

from tasker.actors.actor import Supervised
from tasker.actors.mailbox import MailboxStatistics
from tasker.actors.protocols import Clock
from tasker.errors import StoreError
from tasker.events.delivery import SubscriberStatistics
from tasker.events.handling import Failures, Handling
from tasker.events.lanes import Address, Tally
from tasker.events.outbox import EventOutbox
from tasker.events.patterns import Patterns
from tasker.events.session import EXTEND_SECONDS, LEASE_SECONDS, Session
from tasker.events.subscriber import BaseSubscriber
from tasker.stores.outbox import OutboxStore, SubscriptionRecord
from tasker.telemetry.engine_log import logger


class DurableDelivery(Supervised):
    """Delivers to one subscriber every event that it wants, at least once.

    The events of one task come in order. One that fails is tried again, and becomes a
    dead letter in the end; meanwhile those of other tasks go on. Of all processes that
    have the subscription only the one with the lease delivers. It takes the lease when
    there is something to deliver, and gives it back when there is no more.

    Args:
        subscriber: Who handles them. The subscription has its name.
        outbox: Tells when there is something new, and is told what is wanted.
        store: Where the outbox and the cursor are.
        clock: The time.
        owner: This process, for the lease.
        poll_seconds: How often to look for what other processes recorded; None for a
            store that is of this process alone.
    """

    def __init__(
        self,
        subscriber: BaseSubscriber,
        *,
        outbox: EventOutbox,
        store: OutboxStore,
        clock: Clock,
        owner: str,
        poll_seconds: float | None,
    ) -> None:
        super().__init__(f"subscription-{subscriber.name}")
        self.subscriber_name = subscriber.name
        self.subscriber = subscriber
        self.patterns = Patterns(subscriber.events)
        self._outbox = outbox
        self._store = store
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._address = Address(
            subscriber.name,
            owner,
            self.patterns,
            Handling(subscriber, threads=subscriber.policy.concurrency),
            subscriber.policy,
            Failures(self.name),
        )
        self._tally = Tally()
        self._session: Session | None = None
        self._cursor: int | None = None
        self._suspended: str | None = None
        self._nudged = True
        self._at_rest = False
        self._changed = anyio.Event()
        self._idle = anyio.Event()

    async def declare(self) -> None:
        """Have the subscription in the store: from now on it misses nothing."""
        await self._store.put_subscription(
            SubscriptionRecord(
                name=self.subscriber_name,
                events=self.patterns.texts,
                created_at=self._clock.now(),
            )
        )

    def nudge(self) -> None:
        """Have it look into the outbox."""
        self._nudged, self._at_rest = True, False
        self._changed.set()
        if self._session is not None:
            self._session.nudge()

    async def run(self) -> None:
        """Deliver, for ever."""
        self._outbox.on_entry(self.nudge)
        declared = in_trouble = False
        while True:
            self._changed, self._at_rest = anyio.Event(), False
            pause = self._poll_seconds
            try:
                if not declared:
                    await self.declare()
                    declared = True
                if await self._anything_new():
                    pause = await self._deliver()
                in_trouble = False
            except StoreError as error:
                if not in_trouble:
                    logger.warning("%s waits for the store: %s", self.name, error)
                in_trouble, self._session, pause = True, None, EXTEND_SECONDS
            except Exception:
                # A fault of ours: what is not done with is delivered again.
                logger.exception("%s failed, and begins again", self.name)
                self._session, pause = None, EXTEND_SECONDS
            self._at_rest = not self._nudged
            self._idle.set()
            await self._clock.wait(self._changed, pause)

    async def teardown(self) -> None:
        """Say how far it came, and let others deliver."""
        self._outbox.off_entry(self.nudge)
        try:
            if self._session is not None:
                await self._session.close()
        except StoreError as error:
            logger.warning(
                "%s could not save its cursor, so the last events will come again: %s",
                self.name,
                error,
            )
        await self._address.handling.close()

    async def idle(self) -> None:
        """Return once everything so far was delivered, given up, or waits to be tried again."""
        while not (self._at_rest or (self._session is not None and not self._session.busy)):
            self._idle = anyio.Event()
            await self._idle.wait()

    def mailbox_statistics(self) -> MailboxStatistics:
        """Return how its window stands."""
        return MailboxStatistics(
            depth=self._waiting(),
            capacity=self._address.policy.window,
            received=self._tally.received,
        )

    def statistics(self) -> SubscriberStatistics:
        """Return how the subscription does in this process."""
        return SubscriberStatistics(
            name=self.subscriber_name,
            events=self.patterns.texts,
            when_full="block",
            capacity=self._address.policy.window,
            waiting=self._waiting(),
            received=self._tally.received,
            delivered=self._tally.delivered,
            failed=self._address.failures.count,
            dropped=0,
            holding=0,
            last_error=self._suspended or self._address.failures.last,
            durable=True,
            dead_lettered=self._tally.dead_lettered,
        )

    def _rested(self) -> None:
        self._idle.set()

    def _waiting(self) -> int:
        return 0 if self._session is None else self._session.waiting

    async def _anything_new(self) -> bool:
        """Whether the outbox has something beyond what is known to be done with."""
        self._nudged = False
        if self._cursor is None:
            return True
        found = await self._store.read_outbox(self.subscriber_name, after=self._cursor, limit=1)
        return bool(found)

    async def _deliver(self) -> float | None:
        """Deliver what there is, if nobody else does; return when to look again, in seconds."""
        now = self._clock.now()
        leased = await self._store.lease_subscription(
            self.subscriber_name, self._address.owner, now=now, until=now + LEASE_SECONDS
        )
        if leased is None:
            return EXTEND_SECONDS
        self._suspended = leased.suspended
        if leased.suspended is not None:
            await self._store.release_subscription(self.subscriber_name, leased.epoch)
            return EXTEND_SECONDS
        session = self._session = Session(
            self._address,
            leased,
            store=self._store,
            clock=self._clock,
            tally=self._tally,
            on_rest=self._rested,
        )
        await session.run()
        self._session = None
        still_ours = await session.close()
        self._cursor = session.cursor
        return self._poll_seconds if still_ours else EXTEND_SECONDS
