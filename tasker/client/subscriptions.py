"""The durable subscriptions of a server's store, as its keeper sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from tasker.client.received import read
from tasker.client.sending import Answer, Param, Sender
from tasker.server.shapes.subscriptions import (
    DeadLetters,
    Discarded,
    Redelivered,
    SubscriptionList,
)
from tasker.subscriptions import DeadLetter, SubscriptionView


class ServedSubscriptions:
    """The verbs of `tasker.subscriptions.Subscriptions`, asked of a server.

    Each raises `UnknownSubscriptionError` when there is no such subscription.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def all(self) -> list[SubscriptionView]:
        """Return them by name."""
        answer = await self._sender.send("GET", "/subscriptions")
        return list(read(answer.response, SubscriptionList).subscriptions)

    async def dead_letters(
        self, name: str | None = None, *, limit: int = 1_000
    ) -> list[DeadLetter]:
        """Return what one, or any, could not deliver, oldest first; a thousand at most."""
        params: dict[str, Param] = {"subscription": name, "limit": limit}
        answer = await self._sender.send("GET", "/dead_letters", params=params)
        return list(read(answer.response, DeadLetters).dead_letters)

    async def redeliver(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """Deliver dead letters again, all when no ids are given; return how many there are."""
        answer = await self._act(name, "/redeliver", _named(event_ids))
        return read(answer.response, Redelivered).redelivered

    async def discard(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """Delete dead letters, all when no ids are given; return how many there were."""
        answer = await self._act(name, "/discard", _named(event_ids))
        return read(answer.response, Discarded).discarded

    async def suspend(self, name: str, reason: str = "asked for") -> None:
        """Deliver nothing until `resume`; what comes meanwhile waits."""
        await self._act(name, "/suspend", {"reason": reason})

    async def resume(self, name: str) -> None:
        """Deliver again, from where it was."""
        await self._act(name, "/resume", None)

    async def remove(self, name: str) -> None:
        """End a subscription, with its dead letters; see `Subscriptions.remove`."""
        await self._sender.send("DELETE", _path(name))

    async def _act(self, name: str, action: str, body: Any) -> Answer:
        return await self._sender.send("POST", f"{_path(name)}{action}", body=body)


def _path(name: str) -> str:
    return f"/subscriptions/{quote(name, safe='')}"


def _named(event_ids: Sequence[str] | None) -> dict[str, list[str]]:
    return {} if event_ids is None else {"event_ids": list(event_ids)}
