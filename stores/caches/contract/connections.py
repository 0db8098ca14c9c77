"""How the checks get at a cache, and have time go by."""

from __future__ import annotations

from typing import Any, Protocol


class Connections(Protocol):
    """A cache, as several processes see it. What one check leaves, another may find."""

    @property
    def lateness_seconds(self) -> float:
        """How much longer than it was asked for an entry may stay."""

    def connect(self) -> Any:
        """Return a connection to the cache of its own. Whoever made this closes it."""

    def key(self) -> str:
        """Return a key that nobody used."""

    async def wait(self, seconds: float) -> None:
        """Return when that much time went by for the cache."""
