"""Server-sent events, gone on with after the connection was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Self

import httpx
import msgspec
from msgspec import Struct

from tasker.client.errors import ServerAnswerError, error_of_problem
from tasker.client.received import history_entry
from tasker.client.sending import Param, Sender
from tasker.events.event import Event
from tasker.events.known import decode_event
from tasker.reading import HistoryEntry
from tasker.server.problems import Problem
from tasker.server.shapes.tasks import TaskEventEntry

END = "end"
GAP = "gap"
REFUSED = "refused"


class Gap(Event, frozen=True, kw_only=True, gc=False, tag=GAP):
    """Events may have been missed here: read again what you show.

    The connection was lost, and the server was restarted and keeps none, or no longer has what
    came after the last event. ``event_id`` is empty.
    """


class Message(Struct, frozen=True, kw_only=True):
    """One server-sent event."""

    event: str
    data: str
    id: str | None


class MessageStream:
    """The messages of a path, from its opening on, over however many connections it takes.

    A connection is lost when it breaks, or is silent for ``silence_seconds``. The next one
    asks for what came after the last message, and is made after the wait that the server
    asked for. `UnreachableServerError` is raised when ``retries`` connections in a row
    brought nothing, and what a request would be refused with when the stream is no longer
    allowed.
    """

    def __init__(self, sender: Sender, path: str, params: Mapping[str, Param]) -> None:
        self._sender = sender
        self._path = path
        self._params = params
        self._response: httpx.Response | None = None
        self._lines: AsyncIterator[str] | None = None
        self._last_id: str | None = None
        self._retry_seconds: float | None = None
        self._losses = 0

    async def open(self) -> None:
        """Connect; raises what the server refuses it with."""
        headers = {"Accept": "text/event-stream"}
        if self._last_id is not None:
            headers["Last-Event-ID"] = self._last_id
        answer = await self._sender.send(
            "GET", self._path, params=self._params, headers=headers, stream=True
        )
        self._response = answer.response
        self._lines = answer.response.aiter_lines()

    async def close(self) -> None:
        """End the connection."""
        response, self._response, self._lines = self._response, None, None
        if response is not None:
            await response.aclose()

    async def next(self) -> Message | None:
        """Return the next message; None where the connection was lost and there is a new one.

        `None` tells those who have to know that something may be missing.
        """
        lost: httpx.RequestError = httpx.RemoteProtocolError("the stream ended")
        try:
            message = await self._read()
            if message is not None:
                self._losses = 0
                self._check(message)
                return message
        except httpx.RequestError as error:
            lost = error
        await self._go_on(lost)
        return None

    @property
    def last_id(self) -> str | None:
        """The id of the last message that had one."""
        return self._last_id

    async def _read(self) -> Message | None:
        """Return the next message of this connection, None at its end."""
        fields: dict[str, str] = {}
        if self._lines is None:
            return None
        async for line in self._lines:
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
                continue
            # What was sent whole counts; a message that broke off comes again.
            self._retry_seconds = _milliseconds(fields.get("retry"), self._retry_seconds)
            if "event" in fields:
                self._last_id = fields.get("id", self._last_id)
                data = fields.get("data", "")
                return Message(event=fields["event"], data=data, id=fields.get("id"))
            fields = {}
        return None

    def _check(self, message: Message) -> None:
        if message.event == REFUSED:
            problem = msgspec.json.decode(message.data, type=Problem)
            url = f"{self._sender.url}{self._path}"
            raise error_of_problem(problem, url=url, headers={})

    async def _go_on(self, lost: httpx.RequestError) -> None:
        await self.close()
        self._losses += 1
        if self._losses > self._sender.config.retries:
            raise self._sender.unreachable(lost, self._losses) from lost
        if self._retry_seconds is None:
            await self._sender.pause(self._losses)
        else:
            await self._sender.clock.sleep(self._retry_seconds)
        await self.open()


class TaskChanges:
    """The changes of one task, those that are recorded first, until it is at rest."""

    def __init__(self, messages: MessageStream) -> None:
        self._messages = messages
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> HistoryEntry:
        if self._ended:
            raise StopAsyncIteration
        # After a loss the server goes on after the last one, whatever happened meanwhile.
        while (message := await self._messages.next()) is None:
            pass
        if message.event == END:
            self._ended = True
            raise StopAsyncIteration
        entry = msgspec.json.decode(message.data, type=TaskEventEntry)
        return history_entry(entry)


class EngineEvents:
    """The events of an engine as they happen, with a `Gap` where some may be missing."""

    def __init__(self, messages: MessageStream, sender: Sender) -> None:
        self._messages = messages
        self._sender = sender

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while (message := await self._messages.next()) is None:
            # Without an id the server cannot know that this reader was there before.
            if self._messages.last_id is None:
                return self._gap()
        if message.event == GAP:
            return self._gap()
        try:
            return decode_event(message.data)
        except msgspec.ValidationError as error:
            raise ServerAnswerError(
                url=f"{self._sender.url}/events/stream",
                status=200,
                reason=f"{error}; is the server of another version?",
            ) from error

    def _gap(self) -> Gap:
        return Gap(event_id="", at=self._sender.clock.now())


def _milliseconds(given: str | None, otherwise: float | None) -> float | None:
    if given is None or not (given.isascii() and given.isdigit()):
        return otherwise
    return int(given) / 1000
