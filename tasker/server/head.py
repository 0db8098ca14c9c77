"""HEAD, wherever there is GET."""

from __future__ import annotations

from tasker.server.shell import ASGIApp, Message, Receive, Scope, Send


class AnswersHead:
    """Answers HEAD with what GET is answered with, but the body.

    What goes on for long, as a stream of events, is told that the client has gone once
    the head is sent: nobody will read on.

    Args:
        app: The application; it is asked for GET.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        begun = False

        async def receive_until_begun() -> Message:
            return {"type": "http.disconnect"} if begun else await receive()

        async def send_head(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                begun = True

        await self._app({**scope, "method": "GET"}, receive_until_begun, send_head)
