"""Tasks by way of a server, as commands see them."""

from __future__ import annotations

from tasker.client import ClientConfig, TaskerClient
from tasker.stores.records import NodeRecord

PATIENCE = ClientConfig(retries=3, first_retry_seconds=0.1)
"""A second at most: a person who waits would rather be told that nobody answers."""


class Served(TaskerClient):
    """A client with what commands ask beside an engine's verbs."""

    def __init__(self, url: str) -> None:
        super().__init__(url, config=PATIENCE)

    async def holder(self) -> NodeRecord | None:
        """Return None: which process works the store is the server's business."""
        return None
