"""What a client asks about the nodes that work the store of a server."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import quote

from tasker.client.received import read
from tasker.client.sending import Sender
from tasker.server.shapes.nodes import NodeList
from tasker.stores.leases import NodeStatus


class Nodes(Protocol):
    """The verbs of an engine about nodes: `Engine.nodes`, `Engine.drain_node`."""

    _sender: Sender

    async def nodes(self) -> list[NodeStatus]:
        """Return the processes that work the store, those that began first being first."""
        answer = await self._sender.send("GET", "/nodes")
        return [each.status() for each in read(answer.response, NodeList).nodes]

    async def drain_node(self, node_id: str) -> None:
        """Have a node hand its tasks to others and take no more.

        Raises:
            UnknownNodeError: There is no such node.
            OneNodeError: The store is one that a single node works.
        """
        await self._sender.send("POST", f"/nodes/{quote(node_id, safe='')}/drain")
