"""One stretch of delivering a durable subscription: from taking its lease to giving it back."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from tasker.actors.protocols import Clock
from tasker.errors import StoreError
from tasker.events.lanes import Address, Lanes, Tally
from tasker.stores.outbox import OutboxStore, SubscriptionRecord
from tasker.telemetry.engine_log import logger

LEASE_SECONDS = 15.0
"""How long nobody else delivers after the owner was heard of last."""
EXTEND_SECONDS = LEASE_SECONDS / 3
LINGER_SECONDS = 0.5
"""How long a lease is kept when there is nothing to do. To give it back is a write, and so
is taking it again."""
PAGE = 200
"""Entries of the outbox in one read."""


class Session:
    """Delivers from the cursor on, until nothing is left or the lease is lost.

    Args:
        address: Whose session it is.
        leased: The subscription as it was leased; its epoch is this session's.
        store: Where the outbox and the cursor are.
        clock: The time.
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
        self._name = address.subscription
        self._owner = address.owner
        self._save_seconds = address.policy.save_seconds
        self._epoch = leased.epoch
        self._store = store
        self._clock = clock
        self._on_rest = on_rest
        self._lanes = Lanes(address, leased.cursor, clock=clock, tally=tally, on_change=self._wake)
        self._changed = anyio.Event()
        self._unread = True
        self._nudges = 0
        self._extended_at = self._saved_at = self._quiet_since = clock.now()
        self._saved = leased.cursor

    @property
    def busy(self) -> bool:
        """Whether anything is to be read, or delivered for the first time."""
        return self._unread or self._lanes.busy

    @property
    def cursor(self) -> int:
        """The position up to which everything is done with."""
        return self._lanes.window.cursor

    @property
    def waiting(self) -> int:
        """How many entries were read and are not done with."""
        return len(self._lanes.window)

    def nudge(self) -> None:
        """Have it look into the outbox."""
        self._nudges += 1
        self._unread = True
        self._wake()

    async def run(self) -> None:
        """Deliver until nothing has come for a while, or somebody else is to go on.

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
        if self._lanes.gone is not None:
            await self._store.suspend_subscription(self._name, self._lanes.gone)
        await self._store.release_subscription(self._name, self._epoch)
        return True

    async def _pump(self, group: TaskGroup) -> None:
        self._lanes.start(group)
        while await self._may_go_on():
            self._changed = anyio.Event()
            await self._read()
            if not await self._save_when_due() or self._is_over():
                return
            self._on_rest()
            await self._clock.wait(self._changed, min(LINGER_SECONDS, self._save_seconds))

    async def _may_go_on(self) -> bool:
        """Extend the lease when it is time; return whether there is one."""
        if self._lanes.gone is not None:
            return False
        now = self._clock.now()
        if now < self._extended_at + EXTEND_SECONDS:
            return True
        self._extended_at = now
        leased = await self._store.lease_subscription(
            self._name, self._owner, now=now, until=now + LEASE_SECONDS
        )
        if leased is None or leased.epoch != self._epoch:
            logger.warning("subscription %s is delivered by another process", self._name)
            return False
        return leased.suspended is None

    def _is_over(self) -> bool:
        """Whether nothing was left to do for a while."""
        now = self._clock.now()
        if self._unread or self._lanes:
            self._quiet_since = now
        return now >= self._quiet_since + LINGER_SECONDS

    async def _read(self) -> None:
        """Take what is in the outbox, as far as there is room."""
        while self._unread and (room := self._lanes.room) > 0:
            # Before the read: what comes during it may be missed by it.
            nudges, limit = self._nudges, min(room, PAGE)
            entries = await self._store.read_outbox(
                self._name, after=self._lanes.window.read, limit=limit
            )
            for entry in entries:
                self._lanes.take(entry)
            self._unread = len(entries) == limit or self._nudges != nudges

    async def _save_when_due(self) -> bool:
        """Save the cursor from time to time; return whether the lease is still ours."""
        due = self._clock.now() >= self._saved_at + self._save_seconds
        if self._lanes.dead or (due and self.cursor > self._saved):
            return await self._save()
        return True

    async def _save(self) -> bool:
        cursor, dead = self.cursor, list(self._lanes.dead)
        saved = await self._store.advance(self._name, self._epoch, cursor, dead=dead)
        del self._lanes.dead[: len(dead)]
        self._saved, self._saved_at = cursor, self._clock.now()
        return saved

    def _wake(self) -> None:
        self._changed.set()
