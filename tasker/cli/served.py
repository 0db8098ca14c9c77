"""Tasks by way of a server, as commands see them."""

from __future__ import annotations

from tasker.client import TaskerClient
from tasker.stores.records import NodeRecord


class Served(TaskerClient):
    """A client with what commands ask beside an engine's verbs."""

    async def holder(self) -> NodeRecord | None:
        """Return None: which process works the store is the server's business."""
        return None
