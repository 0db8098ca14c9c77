"""Operations over a WebSocket: the protocol graphql-transport-ws, on the server's side.

The client begins with ``connection_init``, whose payload may have ``Authorization``, since
browsers cannot send headers with a WebSocket. Each ``subscribe`` is a request of its own:
whoever asks is found anew, and has to be allowed to; for a subscription again with every
answer.
"""

from __future__ import annotations

import uuid
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

import anyio
import msgspec
from anyio.abc import TaskGroup
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect
from msgspec import Struct

from tasker.errors import TaskerError
from tasker.server.access.caller import Caller
from tasker.server.errors import QueryLimitError
from tasker.server.graphql.config import GraphQLConfig
from tasker.server.graphql.operations import Operations, Refused
from tasker.server.graphql.request import Request
from tasker.server.guard import caller_of
from tasker.telemetry.correlation import Correlation, correlated

PROTOCOL = "graphql-transport-ws"

BAD_MESSAGE = 4400
NOT_BEGUN = 4401
ELSEWHERE = 4403
NO_PROTOCOL = 4406
TOO_SLOW = 4408
SAME_ID = 4409
BEGUN_TWICE = 4429
LONGEST_ID = 255


class Message(Struct, frozen=True, kw_only=True):
    """What a client says."""

    type: str
    id: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"null")


class _Close(Exception):
    """The conversation is over, and why: a code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class Conversation:
    """One connection, from its beginning to its end."""

    def __init__(
        self, socket: WebSocket[Any, Any, Any], operations: Operations, limits: GraphQLConfig
    ) -> None:
        self._socket = socket
        self._operations = operations
        self._limits = limits
        self._under_way: dict[str, anyio.CancelScope] = {}

    async def run(self) -> None:
        """Talk until one side ends it; what is under way then ends with it."""
        if PROTOCOL not in self._socket.scope.get("subprotocols", ()):
            await self._socket.accept()
            await self._socket.close(NO_PROTOCOL, f"speak {PROTOCOL}")
            return
        await self._socket.accept(subprotocols=PROTOCOL)
        try:
            self._check_origin()
            await self._begin()
            over = await self._talk()
        except WebSocketDisconnect:
            return
        except _Close as found:
            over = found
        await self._socket.close(over.code, over.reason)

    async def _talk(self) -> _Close:
        """Hear what the client says until the conversation is over; return why it is.

        Raises:
            WebSocketDisconnect: The client has gone.
        """
        gone: WebSocketDisconnect | None = None
        over: _Close | None = None
        async with anyio.create_task_group() as group:
            while gone is None and over is None:
                try:
                    await self._hear(await self._next(), group)
                except WebSocketDisconnect as error:
                    gone = error
                except _Close as error:
                    over = error
            group.cancel_scope.cancel()
        if over is None:
            raise gone or WebSocketDisconnect(detail="gone")
        return over

    def _check_origin(self) -> None:
        """Refuse what a browser opens for a page of another site: no other rule stops that."""
        origin = self._socket.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != self._socket.headers.get("host"):
            raise _Close(ELSEWHERE, "a page elsewhere may not do anything here")

    async def _begin(self) -> None:
        with anyio.move_on_after(self._limits.init_seconds):
            message = await self._next()
            if message.type != "connection_init":
                raise _Close(NOT_BEGUN, "begin with connection_init")
            self._take_credentials(_decoded(message.payload, dict[str, Any] | None))
            await self._say(type="connection_ack")
            return
        raise _Close(TOO_SLOW, "connection_init did not come in time")

    def _take_credentials(self, payload: dict[str, Any] | None) -> None:
        """Have what the client says of itself count as a header, which it could not send."""
        for name, value in (payload or {}).items():
            if name.lower() == "authorization" and isinstance(value, str):
                scope: Any = self._socket.scope
                header = (b"authorization", value.encode("latin-1", "replace"))
                scope["headers"] = [*scope["headers"], header]

    async def _hear(self, message: Message, group: TaskGroup) -> None:
        match message.type:
            case "subscribe":
                await self._start(message, group)
            case "complete":
                scope = self._under_way.pop(message.id or "", None)
                if scope is not None:
                    scope.cancel()
            case "ping":
                await self._say(type="pong")
            case "pong":
                pass
            case "connection_init":
                raise _Close(BEGUN_TWICE, "connection_init came twice")
            case _:
                raise _Close(BAD_MESSAGE, "there is no such message")

    async def _start(self, message: Message, group: TaskGroup) -> None:
        if not message.id or len(message.id) > LONGEST_ID:
            raise _Close(BAD_MESSAGE, "subscribe needs an id")
        if message.id in self._under_way:
            raise _Close(SAME_ID, "an operation of this id is under way")
        request = _decoded(message.payload, Request)
        found, most = len(self._under_way) + 1, self._limits.max_subscriptions
        if found > most:
            refused = Refused.because(QueryLimitError(limit="operations", found=found, most=most))
            await self._say(id=message.id, type="error", payload=refused.answer["errors"])
            return
        scope = self._under_way[message.id] = anyio.CancelScope()
        group.start_soon(self._operate, message.id, request, scope)

    async def _operate(self, id: str, request: Request, scope: anyio.CancelScope) -> None:
        """Run an operation and tell of it; nothing is told once the client has ended it."""
        with scope, correlated(Correlation(correlation_id=str(uuid.uuid4()))):
            ending: dict[str, Any] = {"type": "complete"}
            try:
                await self._answer(id, request)
            except Refused as refused:
                ending = {"type": "error", "payload": refused.answer["errors"]}
            except (WebSocketDisconnect, OSError):
                # Whoever listens to the client hears that it has gone.
                return
            # The client may take the id again once it is told.
            self._under_way.pop(id, None)
            await self._say(id=id, **ending)

    async def _answer(self, id: str, request: Request) -> None:
        prepared = await self._operations.prepare(await self._caller(), request)
        async with aclosing(self._operations.follow(prepared)) as answers:
            async for answer in answers:
                if prepared.operation.kind == "subscription":
                    # It may have been allowed long ago.
                    await self._operations.check_again(await self._caller(), prepared)
                await self._say(id=id, type="next", payload=answer)

    async def _caller(self) -> Caller:
        """Return who asks now."""
        try:
            return await caller_of(self._socket, anew=True)
        except TaskerError as error:
            raise Refused.because(error) from error

    async def _next(self) -> Message:
        message: Message = _decoded(await self._socket.receive_data("text"), Message)
        return message

    async def _say(self, **message: Any) -> None:
        await self._socket.send_text(msgspec.json.encode(message, enc_hook=str).decode())


def _decoded(data: Any, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _Close(BAD_MESSAGE, f"this cannot be read: {error}"[:100]) from error
