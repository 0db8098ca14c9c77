"""The nodes that work a store, as they are answered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Self

from msgspec import Struct

from tasker.stores.leases import NodeStatus
from tasker.stores.records import NodeRecord


class Node(Struct, frozen=True, kw_only=True):
    """A process that works the store.

    ``tasks`` is how many it owns. ``lease_seconds`` is for how much longer its lease holds,
    negative once it has run out, null where a lock says who is alive. ``lag_seconds`` is how
    late its event loop was lately. One that is ``draining`` takes no more tasks.
    """

    node_id: str
    host: str
    pid: int
    version: str
    started_at: datetime
    tasks: int
    lease_seconds: float | None
    lag_seconds: float
    draining: bool

    @classmethod
    def of(cls, status: NodeStatus) -> Self:
        """Return how a node stands, as it is answered."""
        return cls(
            node_id=status.node.node_id,
            host=status.node.host,
            pid=status.node.pid,
            version=status.node.version,
            started_at=datetime.fromtimestamp(status.node.started_at, UTC),
            tasks=status.tasks,
            lease_seconds=status.lease_seconds,
            lag_seconds=status.lag_seconds,
            draining=status.draining,
        )

    def status(self) -> NodeStatus:
        """Return it as the store has it."""
        return NodeStatus(
            node=NodeRecord(
                node_id=self.node_id,
                host=self.host,
                pid=self.pid,
                started_at=self.started_at.timestamp(),
                version=self.version,
            ),
            tasks=self.tasks,
            lease_seconds=self.lease_seconds,
            lag_seconds=self.lag_seconds,
            draining=self.draining,
        )


class NodeList(Struct, frozen=True, kw_only=True):
    """Nodes, those that began first being first."""

    nodes: tuple[Node, ...]

    @classmethod
    def of(cls, found: Iterable[NodeStatus]) -> Self:
        """Return how nodes stand, as it is answered."""
        return cls(nodes=tuple(map(Node.of, found)))
