"""One stretch of delivering a durable subscription: from taking its lease to giving it back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import anyio
import msgspec
from anyio import CapacityLimiter
from anyio.abc import TaskGroup
from msgspec import Raw, Struct

from tasker.actors.protocols import Clock
from tasker.actors.workflow.retry import retry_delay
from tasker.cancellation import was_cancelled
from tasker.errors import PermanentError, StoreError, SubscriptionGoneError
from tasker.events.event import Event
from tasker.events.handling import Failures, Handling
from tasker.events.known import decode_event
from tasker.events.patterns import Patterns
from tasker.events.policy import DeliveryPolicy
from tasker.events.window import Parcel, Window
from tasker.stores.outbox import DeadLetterRecord, OutboxStore, SubscriptionRecord
from tasker.stores.records import ErrorRecord

logger = logging.getLogger("tasker")

LEASE_SECONDS = 15.0
"""How long nobody else delivers after the owner was heard of last."""
EXTEND_SECONDS = LEASE_SECONDS / 3
LINGER_SECONDS = 0.5
"""How long a lease is kept when there is nothing to do. To give it back is a write, and so
is taking it again."""
PAGE = 200
"""Entries of the outbox in one read."""


class Address(Struct, frozen=True):
    """Who delivers what to whom, and by what rules."""

    subscription: str
    owner: str
    patterns: Patterns
    handling: Handling
    policy: DeliveryPolicy
    failures: Failures


class Tally(Struct):
    """Counts over all sessions of a subscription in this process."""

    received: int = 0
    delivered: int = 0
    dead_lettered: int = 0


class _Head(Struct):
    """What is looked at before an event is decoded."""

    name: str
    event_id: str


_raws = msgspec.json.Decoder(list[Raw]).decode
_head = msgspec.json.Decoder(_Head).decode


class Session:
    """Delivers from the cursor on, until nothing is left or the lease is lost.

    Args:
        address: Whose session it is.
        leased: The subscription as it was leased; its epoch is this session's.
        tally: Counts on.
        on_rest: Called whenever it has done what can be done for now.
    """

    def __init__(
        self,
        address: Address,
        leased: SubscriptionRecord,
        *,
        store: OutboxStore,
        clock: Clock,
        tally: Tally,
        on_rest: Callable[[], None],
    ) -> None:
        self.window = Window(leased.cursor)
        self.lanes = 0
        """Tasks of which something is delivered, or waits to be tried again."""
        self.backing_off = 0
        self._address = address
        self._epoch = leased.epoch
        self._store = store
        self._clock = clock
        self._tally = tally
        self._on_rest = on_rest
        self._slots = CapacityLimiter(address.policy.concurrency)
        self._changed = anyio.Event()
        self._unread = True
        self._nudges = 0
        self._tick = min(LINGER_SECONDS, address.policy.save_seconds)
        self._extended_at = self._saved_at = self._quiet_since = clock.now()
        self._saved = leased.cursor
        self._dead: list[DeadLetterRecord] = []
        self._gone: str | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is to be read, or delivered for the first time."""
        return self._unread or self.lanes > self.backing_off

    def nudge(self) -> None:
        """Have it look into the outbox."""
        self._nudges += 1
        self._unread = True
        self._changed.set()

    async def run(self) -> None:
        """Deliver until nothing has come for a moment, or somebody else is to go on.

        Raises:
            StoreError: The store cannot be used; what was delivered since the cursor was
                saved is delivered again.
        """
        failure: StoreError | None = None
        async with anyio.create_task_group() as group:
            try:
                await self._pump(group)
            except StoreError as error:
                # Carried around the task group, which would wrap it in an ExceptionGroup.
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def close(self) -> bool:
        """Save how far it came, and let others deliver; return whether the lease was ours."""
        if not await self._save():
            return False
        if self._gone is not None:
            await self._store.suspend_subscription(self._address.subscription, self._gone)
        await self._store.release_subscription(self._address.subscription, self._epoch)
        return True

    async def _pump(self, group: TaskGroup) -> None:
        while await self._may_go_on():
            self._changed = anyio.Event()
            await self._read(group)
            if not await self._save_when_due() or self._is_over():
                return
            self._on_rest()
            await self._clock.wait(self._changed, self._tick)

    # Whether to go on

    async def _may_go_on(self) -> bool:
        """Extend the lease when it is time; return whether there is one."""
        if self._gone is not None:
            return False
        now = self._clock.now()
        if now < self._extended_at + EXTEND_SECONDS:
            return True
        self._extended_at = now
        leased = await self._store.lease_subscription(
            self._address.subscription, self._address.owner, now=now, until=now + LEASE_SECONDS
        )
        if leased is None or leased.epoch != self._epoch:
            logger.warning(
                "subscription %s is delivered by another process", self._address.subscription
            )
            return False
        return leased.suspended is None

    def _is_over(self) -> bool:
        """Whether nothing was left to do for a while."""
        now = self._clock.now()
        if self._unread or self.lanes:
            self._quiet_since = now
        return now >= self._quiet_since + LINGER_SECONDS

    # Reading and saving

    async def _read(self, group: TaskGroup) -> None:
        """Take what is in the outbox, as far as there is room, and see to its lanes."""
        room = self._address.policy.window - len(self.window)
        while self._unread and room > 0:
            # Before the read: what comes during it may be missed by it.
            nudges, limit = self._nudges, min(room, PAGE)
            entries = await self._store.read_outbox(
                self._address.subscription, after=self.window.read, limit=limit
            )
            for entry in entries:
                wanted = tuple(
                    raw for raw in _raws(entry.events) if self._wants(raw, entry.subscription)
                )
                self._tally.received += len(wanted)
                if self.window.add(Parcel(entry.position, entry.task_id, wanted)):
                    self.lanes += 1
                    group.start_soon(self._lane, entry.task_id)
            self._unread = len(entries) == limit or self._nudges != nudges
            room = self._address.policy.window - len(self.window)

    def _wants(self, raw: Raw, only_for: str | None) -> bool:
        # What was dead is delivered again even if its name is no longer asked for.
        return only_for is not None or self._address.patterns.match(_head(raw).name)

    async def _save_when_due(self) -> bool:
        """Save the cursor from time to time; return whether the lease is still ours."""
        moved = self.window.cursor > self._saved
        due = self._clock.now() >= self._saved_at + self._address.policy.save_seconds
        if self._dead or (moved and due):
            return await self._save()
        return True

    async def _save(self) -> bool:
        cursor, dead = self.window.cursor, list(self._dead)
        saved = await self._store.advance(
            self._address.subscription, self._epoch, cursor, dead=dead
        )
        del self._dead[: len(dead)]
        self._saved, self._saved_at = cursor, self._clock.now()
        return saved

    # Delivering

    async def _lane(self, task_id: str) -> None:
        """Deliver what one task tells, in order."""
        try:
            while (parcel := self.window.next(task_id)) is not None:
                for raw in parcel.events:
                    await self._deliver(parcel, raw)
                self.window.done(parcel)
        except SubscriptionGoneError as gone:
            self._gone = str(gone)
        finally:
            self.lanes -= 1
            if not self.lanes or self._gone or self._has_room():
                self._changed.set()

    def _has_room(self) -> bool:
        return self._unread and len(self.window) <= self._address.policy.window // 2

    async def _deliver(self, parcel: Parcel, raw: Raw) -> None:
        """Have one event handled, however often that takes, or give it up."""
        head = _head(raw)
        try:
            event = decode_event(raw)
        except msgspec.ValidationError as error:
            self._give_up(parcel, raw, head, 0, f"it cannot be read: {error}")
            return
        attempts = 0
        while True:
            failure = await self._attempt(event)
            if failure is None:
                self._tally.delivered += 1
                return
            if isinstance(failure, SubscriptionGoneError):
                raise failure
            attempts += 1
            told = self._address.failures.add(head.name, failure)
            spent = attempts >= self._address.policy.max_attempts
            if spent or isinstance(failure, PermanentError):
                self._give_up(parcel, raw, head, attempts, told)
                return
            await self._back_off(failure, attempts, head.event_id)

    async def _attempt(self, event: Event) -> BaseException | None:
        async with self._slots:
            try:
                await self._address.handling.handle(event)
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and was_cancelled():
                    raise
                return error
        return None

    async def _back_off(self, failure: BaseException, attempts: int, seed: str) -> None:
        asked = getattr(failure, "retry_after", None)
        delay = retry_delay(
            self._address.policy.backoff,
            ErrorRecord(error_class="", message="", retry_after=asked),
            failures=attempts,
            seed=f"{self._address.subscription}/{seed}/{attempts}",
        )
        self.backing_off += 1
        # Whoever waits for it to come to rest waits no longer for this.
        self._changed.set()
        try:
            await self._clock.sleep(delay)
        finally:
            self.backing_off -= 1

    def _give_up(self, parcel: Parcel, raw: Raw, head: _Head, attempts: int, error: str) -> None:
        """Make an event a dead letter."""
        logger.error(
            "subscription %s gave up event %s after %d attempts: %s",
            self._address.subscription,
            head.event_id,
            attempts,
            error,
        )
        self._tally.dead_lettered += 1
        self._dead.append(
            DeadLetterRecord(
                subscription=self._address.subscription,
                event_id=head.event_id,
                task_id=parcel.task_id,
                event=raw,
                attempts=attempts,
                error=error,
                at=self._clock.now(),
            )
        )
        self._changed.set()
