"""The leases of a store that one node works: there are none."""

from __future__ import annotations

from tasker.stores.leases import LeaseLine, NodeStatus
from tasker.stores.records import NodeRecord


class OneNode:
    """See `LeaseStore`: a lock says who is alive, and nobody else may work the store."""

    @property
    def many_nodes(self) -> bool:
        """See `LeaseStore.many_nodes`."""
        return False

    def lease_line(self, seconds: float) -> LeaseLine | None:
        """See `LeaseStore.lease_line`."""
        return None

    async def nodes(self) -> list[NodeStatus]:
        """See `LeaseStore.nodes`."""
        node = await self.holder()
        return [] if node is None else [NodeStatus(node=node, tasks=await self._owned())]

    async def drain_node(self, node_id: str) -> bool:
        """See `LeaseStore.drain_node`: there is nobody who could go on with the work."""
        return False

    async def holder(self) -> NodeRecord | None:
        """See `ClaimStore.holder`."""
        raise NotImplementedError

    async def _owned(self) -> int:
        """Return how many tasks have an owner."""
        raise NotImplementedError
