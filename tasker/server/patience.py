"""How long the body of a request may take to come."""

from __future__ import annotations

import anyio

from tasker.server.errors import SlowClientError
from tasker.server.shell import ASGIApp, Message, Receive, Scope, Send


class InTime:
    """Gives up on a request whose body does not come in time.

    Args:
        app: The application; its reading of the body raises `SlowClientError`.
        seconds: Counted from when it begins to read.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        timed = _in_time(receive, self._seconds) if scope["type"] == "http" else receive
        await self._app(scope, timed, send)


def _in_time(receive: Receive, seconds: float) -> Receive:
    deadline: float | None = None
    whole = False

    async def receive_in_time() -> Message:
        nonlocal deadline, whole
        if whole:
            # What comes now is that the client has gone, and that may take its time.
            return await receive()
        if deadline is None:
            deadline = anyio.current_time() + seconds
        with anyio.CancelScope(deadline=deadline):
            message = await receive()
            whole = not message.get("more_body", False)
            return message
        raise SlowClientError(seconds=seconds)

    return receive_in_time
