"""A bounded queue of messages with one reader, over an anyio memory stream."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from msgspec import Struct

from tasker.actors.errors import ActorStoppedError, MailboxFullError
from tasker.actors.signal import Signal

M = TypeVar("M")


class MailboxStatistics(Struct, frozen=True, kw_only=True):
    """How a mailbox stands: messages in it, its room, and all ever put in."""

    depth: int
    capacity: int
    received: int


class Mailbox(Generic[M]):
    """One actor's messages, in order of arrival.

    Every waiting method first tries its ``_nowait`` twin: a hop that need not
    wait costs a tenth of one that does.
    """

    __slots__ = (
        "_actor",
        "_arrived",
        "_capacity",
        "_in",
        "_is_counted",
        "_loop",
        "_out",
        "_received",
        "_taken",
    )

    def __init__(self, actor: str, capacity: int) -> None:
        self._actor = actor
        self._capacity = capacity
        self._received = self._taken = 0
        # Whether these two say how many messages there are: to be told of an empty
        # stream by an exception costs as much as a message.
        self._is_counted = True
        self._arrived: Signal | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._in: MemoryObjectSendStream[M]
        self._out: MemoryObjectReceiveStream[M]
        self._in, self._out = anyio.create_memory_object_stream(capacity)

    def put_nowait(self, message: M) -> None:
        """Add a message; raises `MailboxFullError` or `ActorStoppedError`."""
        try:
            self._in.send_nowait(message)
        except anyio.WouldBlock:
            raise MailboxFullError(actor=self._actor, capacity=self._capacity) from None
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            raise ActorStoppedError(actor=self._actor) from None
        self._announce()

    async def put(self, message: M) -> None:
        """Add a message, waiting for room; raises `ActorStoppedError`."""
        try:
            self.put_nowait(message)
        except MailboxFullError:
            # A sender that is cancelled may have sent all the same, and count nothing.
            self._is_counted = False
            try:
                await self._in.send(message)
            except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                raise ActorStoppedError(actor=self._actor) from None
            # The reader may have emptied the mailbox, and gone to wait, before we entered.
            self._announce()

    def get_nowait(self) -> M:
        """Take the oldest message; raises `anyio.WouldBlock` when there is none."""
        message = self._out.receive_nowait()
        self._taken += 1
        return message

    async def get(self) -> M:
        """Take the oldest message, waiting for one."""
        return (await self.get_batch(1))[0]

    async def get_batch(self, limit: int) -> list[M]:
        """Take all messages that are there, up to a limit, waiting for the first."""
        batch = self.get_batch_nowait(limit)
        while not batch:
            # The stream's own receive() yields to the loop before it waits, and makes
            # three objects to wait with.
            if self._loop is None:
                self._loop = asyncio.get_running_loop()
            self._arrived = Signal(self._loop)
            try:
                await self._arrived.wait()
            finally:
                self._arrived = None
            batch = self.get_batch_nowait(limit)
        return batch

    def get_batch_nowait(self, limit: int) -> list[M]:
        """Take all messages that are there, up to a limit; maybe none."""
        take = self._out.receive_nowait
        if self._is_counted:
            count = min(limit, self._received - self._taken)
            self._taken += count
            return [take() for _ in range(count)]
        batch: list[M] = []
        try:
            while len(batch) < limit:
                batch.append(take())
        except anyio.WouldBlock:
            pass
        return batch

    def close(self) -> list[M]:
        """Refuse further messages and return those that nobody has taken.

        Whoever waits for room is told with `ActorStoppedError`. Safe to call twice.
        """
        left: list[M] = []
        while True:
            try:
                # Frees room as well: what senders wait with comes along.
                left.append(self._out.receive_nowait())
            except (anyio.WouldBlock, anyio.ClosedResourceError, anyio.EndOfStream):
                break
        self._out.close()
        self._in.close()
        return left

    def __del__(self) -> None:
        # A mailbox holds nothing but memory: to drop one unclosed is no leak to warn of.
        self._out.close()
        self._in.close()

    def _announce(self) -> None:
        self._received += 1
        if self._arrived is not None:
            self._arrived.set()

    def statistics(self) -> MailboxStatistics:
        """Return how the mailbox stands."""
        return MailboxStatistics(
            depth=self._in.statistics().current_buffer_used,
            capacity=self._capacity,
            received=self._received,
        )
