"""A bounded queue of messages with one reader."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import anyio
from anyio.lowlevel import checkpoint
from msgspec import Struct

from tasker.actors.errors import ActorStoppedError, MailboxFullError

M = TypeVar("M")


class MailboxStatistics(Struct, frozen=True, kw_only=True):
    """How a mailbox stands: messages in it, its room, and all ever put in."""

    depth: int
    capacity: int
    received: int


class _Sender(Generic[M]):
    """Somebody who waits for room."""

    __slots__ = ("message", "turn")

    def __init__(self, message: M) -> None:
        self.message = message
        self.turn = anyio.Event()


class Mailbox(Generic[M]):
    """One actor's messages, in order of arrival.

    Every waiting method first tries its ``_nowait`` twin: a hop that need not
    wait costs a tenth of one that does.
    """

    __slots__ = ("_actor", "_arrived", "_capacity", "_closed", "_messages", "_received", "_senders")

    def __init__(self, actor: str, capacity: int) -> None:
        self._actor = actor
        self._capacity = capacity
        self._received = 0
        self._messages: deque[M] = deque()
        self._senders: deque[_Sender[M]] = deque()
        self._arrived: anyio.Event | None = None
        self._closed = False

    def put_nowait(self, message: M) -> None:
        """Add a message; raises `MailboxFullError` or `ActorStoppedError`."""
        if self._closed:
            raise ActorStoppedError(actor=self._actor)
        if len(self._messages) >= self._capacity:
            raise MailboxFullError(actor=self._actor, capacity=self._capacity)
        self._add(message)

    async def put(self, message: M) -> None:
        """Add a message, waiting for room; raises `ActorStoppedError`."""
        try:
            self.put_nowait(message)
        except MailboxFullError:
            await self._put_later(message)

    def get_nowait(self) -> M:
        """Take the oldest message; raises `anyio.WouldBlock` when there is none."""
        if not self._messages:
            raise anyio.WouldBlock
        message = self._messages.popleft()
        if self._senders:
            sender = self._senders.popleft()
            self._add(sender.message)
            sender.turn.set()
        return message

    async def get(self) -> M:
        """Take the oldest message, waiting for one."""
        return (await self.get_batch(1))[0]

    async def get_batch(self, limit: int) -> list[M]:
        """Take all messages that are there, up to a limit, waiting for the first."""
        await checkpoint()
        while not self._messages:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self.get_batch_nowait(limit)

    def get_batch_nowait(self, limit: int) -> list[M]:
        """Take all messages that are there, up to a limit; maybe none."""
        batch: list[M] = []
        while self._messages and len(batch) < limit:
            batch.append(self.get_nowait())
        return batch

    def close(self) -> list[M]:
        """Refuse further messages and return those that nobody has taken.

        Whoever waits for room is told with `ActorStoppedError`.
        """
        self._closed = True
        left = list(self._messages)
        self._messages.clear()
        for sender in self._senders:
            sender.turn.set()
        return left

    def statistics(self) -> MailboxStatistics:
        """Return how the mailbox stands."""
        return MailboxStatistics(
            depth=len(self._messages), capacity=self._capacity, received=self._received
        )

    def _add(self, message: M) -> None:
        self._messages.append(message)
        self._received += 1
        if self._arrived is not None:
            self._arrived.set()
            self._arrived = None

    async def _put_later(self, message: M) -> None:
        sender = _Sender(message)
        self._senders.append(sender)
        try:
            await sender.turn.wait()
        finally:
            refused = sender in self._senders
            if refused:
                self._senders.remove(sender)
        if refused:
            raise ActorStoppedError(actor=self._actor)
