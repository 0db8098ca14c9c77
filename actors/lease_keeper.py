"""What follows from a lease: losing it, having it again, being told to drain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from tasker.actors.actor import Supervised
from tasker.actors.lease import KeptLease
from tasker.actors.protocols import Clock
from tasker.stores.errors import LeaseLostError, StoreError
from tasker.stores.leases import Renewal

JOIN_AGAIN_SECONDS = 0.5


class LeasedTasks(Protocol):
    """The tasks that a lease is for."""

    def stand_down(self, error: Exception) -> None:
        """Let go of every task, recording nothing."""

    def look_again(self) -> None:
        """Look for tasks that can be taken up."""

    async def drain(self, seconds: float) -> None:
        """Take up nothing more, and hand back what there is."""


class LeaseKeeper(Supervised):
    """Has a node stand down as soon as it may not act, and join again when it can.

    Args:
        lease: The node's.
        tasks: What it owns.
        clock: The time between two tries to join.
        join: Takes the lease again; raises `StoreError`.
        drain_seconds: How long running steps may take when somebody has the node drained.
        tell: Is called with what went wrong, and with None once that is over.
    """

    def __init__(
        self,
        lease: KeptLease,
        tasks: LeasedTasks,
        clock: Clock,
        *,
        node_id: str,
        join: Callable[[], Awaitable[None]],
        drain_seconds: float,
        tell: Callable[[Exception | None], None],
    ) -> None:
        super().__init__("lease")
        self._lease = lease
        self._tasks = tasks
        self._clock = clock
        self._node_id = node_id
        self._join = join
        self._drain_seconds = drain_seconds
        self._tell = tell
        self._lost = False
        self._drains = self._drained = False
        self._changed = anyio.Event()
        lease.told, lease.lost = self._on_told, self._on_lost

    async def run(self) -> None:
        """Do what follows, for ever."""
        while True:
            if self._lost:
                await self._join_again()
            elif self._drains and not self._drained:
                self._drained = True
                await self._tasks.drain(self._drain_seconds)
            else:
                self._changed = anyio.Event()
                await self._changed.wait()

    async def _join_again(self) -> None:
        while True:
            try:
                await self._join()
            except StoreError:
                await self._clock.sleep(JOIN_AGAIN_SECONDS)
            else:
                break
        self._lost = False
        self._tell(None)
        self._tasks.look_again()

    def _on_lost(self) -> None:
        # At once: what runs meanwhile may be running somewhere else.
        error = LeaseLostError(node_id=self._node_id)
        self._lost = True
        self._tell(error)
        self._tasks.stand_down(error)
        self._changed.set()

    def _on_told(self, renewal: Renewal) -> None:
        if renewal.freed:
            self._tasks.look_again()
        if renewal.drain:
            self._drains = True
            self._changed.set()
