"""Probes the store for those who ask whether it works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tasker.actors.actor import Actor
from tasker.actors.envelope import Envelope
from tasker.stores.protocols import JournalStore

PROBE = "probe"


class Prober(Actor):
    """Writes to the store and reads it back: one probe for all that ask at the same time.

    An actor, for a write to a store that hangs cannot be cancelled: whoever asks gives up
    after a while, and the probe goes on here. So there is never more than one.
    """

    batch_limit = 1_000

    def __init__(self, store: JournalStore) -> None:
        super().__init__("prober")
        self._store = store

    async def receive_batch(self, messages: Sequence[Any]) -> None:
        """Probe once, and tell everybody who asked."""
        failure: Exception | None = None
        try:
            try:
                await self._store.probe()
            except Exception as error:
                failure = error
            for message in messages:
                if isinstance(message, Envelope):
                    message.reply.settle(failure)
        finally:
            self.refuse(messages)
