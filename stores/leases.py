"""Leases: how several nodes work one store without two of them having a task.

docs/leases.md is the protocol: who decides, which states there are, and what each failure
leads to.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from tasker.stores.records import NodeRecord


class Renewal(Struct, frozen=True, gc=False, kw_only=True):
    """What a node learns when it renews its lease.

    Attributes:
        held: Whether it had the lease still, and has it for so many seconds more.
        freed: How many tasks of other nodes, whose leases had run out, lost their owner.
        drain: Whether somebody asked the node to give up its tasks and take no more.
    """

    held: bool
    freed: int = 0
    drain: bool = False


class NodeStatus(Struct, frozen=True, kw_only=True):
    """A node that works the store.

    Attributes:
        node: The process.
        tasks: How many tasks it owns.
        lease_seconds: For how much longer its lease holds, negative once it has run out; None
            where a lock says who is alive.
        lag_seconds: How late its event loop was, as it said with its last renewal.
        draining: Whether it takes no more tasks.
    """

    node: NodeRecord
    tasks: int
    lease_seconds: float | None = None
    lag_seconds: float = 0.0
    draining: bool = False


class LeaseLine(Protocol):
    """A way to the store for renewing a lease, usable in one event loop, whichever that is.

    It shares nothing with the store: an event loop that is held up must not hold it up.
    """

    async def renew(self, node_id: str, lag_seconds: float) -> Renewal:
        """Renew a lease, and free the tasks of nodes whose leases have run out.

        A freed task has no owner and the next epoch, so that what its former owner appends
        is refused from then on. Raises `StoreUnavailableError` when it cannot be said
        whether the lease was renewed.
        """

    async def close(self) -> None:
        """Disconnect. Safe to call twice."""


class LeaseStore(Protocol):
    """Who works the store, where several may."""

    @property
    def many_nodes(self) -> bool:
        """Whether several nodes may work the store at once, each by a lease.

        Then `ClaimStore.join` refuses nobody and frees the tasks of that node alone, with
        the next epoch; claims by a node without a lease take nothing; and the tasks of a
        node whose lease has run out are freed by whoever renews theirs.
        """

    def lease_line(self, seconds: float) -> LeaseLine | None:
        """Return a way to renew leases of so many seconds; None where there are none."""

    async def nodes(self) -> list[NodeStatus]:
        """Return the nodes that work the store, those that began first being first."""

    async def drain_node(self, node_id: str) -> bool:
        """Ask a node to give up its tasks and take no more; return whether there is one."""
