"""The actor that looks after the outbox: who wants what, and what can be deleted."""

from __future__ import annotations

import anyio

from tasker.actors.actor import Supervised
from tasker.actors.protocols import Clock
from tasker.errors import StoreError
from tasker.events.outbox import EventOutbox
from tasker.stores.outbox import OutboxStore
from tasker.telemetry.engine_log import logger

LOOK_SECONDS = 2.0
"""How often to look for subscriptions that other processes made."""
PRUNE_SECONDS = 10.0
_BATCH = 1_000


class OutboxKeeper(Supervised):
    """Learns what subscriptions of all processes want, and prunes the outbox.

    Args:
        outbox: What is recorded for them.
        store: Where they are.
        clock: The time.
        retention_seconds: Entries older than this are deleted, whoever waits for them.
        shared: Whether other processes may write to the store.
    """

    def __init__(
        self,
        outbox: EventOutbox,
        store: OutboxStore,
        clock: Clock,
        *,
        retention_seconds: float,
        shared: bool,
    ) -> None:
        super().__init__("outbox")
        self._outbox = outbox
        self._store = store
        self._clock = clock
        self._retention_seconds = retention_seconds
        self._pause = LOOK_SECONDS if shared else None
        self._pruned_at = 0.0
        self._changed = anyio.Event()

    async def look(self) -> None:
        """Learn what is wanted; before the first task is taken up, so that none is missed."""
        self._outbox.know(await self._store.wanted_events())

    async def run(self) -> None:
        """Look after it, for ever."""
        self._outbox.on_entry(self._look_if_due)
        while True:
            self._changed = anyio.Event()
            try:
                await self.look()
                if self._outbox.wanted and self._is_due():
                    await self._prune()
            except StoreError as error:
                logger.debug("the outbox was not looked after: %s", error)
            await self._clock.wait(self._changed, self._pause)

    async def teardown(self) -> None:
        """Hear of nothing more."""
        self._outbox.off_entry(self._look_if_due)

    def _look_if_due(self) -> None:
        if self._is_due():
            self._changed.set()

    def _is_due(self) -> bool:
        return self._clock.now() >= self._pruned_at + PRUNE_SECONDS

    async def _prune(self) -> None:
        now = self._pruned_at = self._clock.now()
        deleted, lost = _BATCH, 0
        # In batches: commits take their turns between them.
        while deleted == _BATCH:
            pruned = await self._store.prune_outbox(now - self._retention_seconds, limit=_BATCH)
            deleted, lost = pruned.deleted, lost + pruned.lost
        if lost:
            logger.error(
                "%d entries of the outbox were older than %g seconds, and are lost to the "
                "subscriptions that had not got them; remove subscriptions that nobody "
                "delivers, or raise outbox_retention_seconds",
                lost,
                self._retention_seconds,
            )
