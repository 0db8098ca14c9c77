"""Those who coordinate, as the checks see them."""

from __future__ import annotations

from typing import Protocol

from tasker.stores.caches.strategy import CoordinationMode
from tasker.stores.coordination.protocol import Coordination


class Participants(Protocol):
    """Some processes that share a cache. What one check leaves, another may find."""

    @property
    def mode(self) -> CoordinationMode:
        """How they coordinate."""

    @property
    def shared(self) -> bool:
        """Whether they say that other processes take part."""

    @property
    def lateness_seconds(self) -> float:
        """How much longer than it was asked for a claim may last."""

    def join(self) -> Coordination:
        """Return the coordination of one more process. Whoever made this closes it."""

    def key(self) -> str:
        """Return a name that nobody used."""

    async def wait(self, seconds: float) -> None:
        """Return when that much time went by for the cache and for those who joined.

        Theirs does not go by otherwise.
        """

    async def flush(self) -> None:
        """Have the cache forget everything."""
