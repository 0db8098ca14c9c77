"""What stands around the application: where it is mounted, and what every answer carries."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from tasker.server.problems import MEDIA_TYPE, Problem, make_problem
from tasker.telemetry.correlation import (
    CORRELATION_HEADER,
    Correlation,
    correlated,
    correlation_from_headers,
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
"""An application, of whatever framework's types."""

ROOT_KEY = "tasker.root"
"""Under which key of the scope the path stands that the application is mounted at."""

ENCODED_SLASH = "%2F"
"""A slash within a part of a path, as routes get it: names of steps may have some."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Shell:
    """Makes one application of a mounted one and of one that stands alone.

    It finds the path within the application, whichever way the mount tells it, gives each
    request a state of its own, joins what is done for it under its correlation id, and puts
    that id on the answer.

    Args:
        app: The application, whose paths begin at ``/``.
        header: The name of the header with the correlation id.
    """

    def __init__(self, app: ASGIApp, *, header: str = CORRELATION_HEADER) -> None:
        self._app = app
        self._header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        root = str(scope.get("root_path", "")).rstrip("/")
        path = str(scope["path"])
        if root and (path == root or path.startswith(f"{root}/")):
            path = path[len(root) :]
        inner = {
            **scope,
            "path": _with_slashes(path, scope.get("raw_path")) or "/",
            "root_path": "",
            "state": {},
            ROOT_KEY: root,
        }
        inner.pop("app", None)
        if scope["type"] != "http":
            await self._app(inner, receive, send)
            return
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ]
        given = correlation_from_headers(headers, header=self._header)
        if given.correlation_id is None:
            given = msgspec.structs.replace(given, correlation_id=str(uuid.uuid4()))
        with correlated(given):
            await self._app(inner, receive, self._carrying(given, send))

    def _carrying(self, given: Correlation, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {bytes(name).lower() for name, _ in message.get("headers", ())}
                more = {**SECURITY_HEADERS, self._header: given.correlation_id or ""}
                message["headers"] = [
                    *message.get("headers", ()),
                    *(
                        (name.lower().encode(), value.encode())
                        for name, value in more.items()
                        if name.lower().encode() not in present
                    ),
                ]
            await send(message)

        return send_with_headers


def _with_slashes(path: str, raw: bytes | None) -> str:
    """Return a path in which a slash that was encoded is written ``%2F``: it parts nothing.

    Args:
        path: Without encoding, and without where the application is mounted.
        raw: The path as it came, None where the server does not tell.
    """
    if raw is None or b"%2f" not in raw.lower():
        return path
    parts = raw.decode("latin-1").split("/")
    for first in range(len(parts)):
        found = [unquote(part) for part in parts[first:]]
        if _plain("/" + "/".join(found)) == _plain(path):
            return "/" + "/".join(part.replace("/", ENCODED_SLASH) for part in found)
    return path


def _plain(path: str) -> str:
    # Some that mount it make one slash of several, and put one at the end.
    return re.sub("/+", "/", path).rstrip("/")


class Prefixed:
    """Serves an application under a path, and nothing beside it."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request below the prefix; 404 elsewhere."""
        if scope["type"] == "lifespan" or not self._prefix:
            await self._app(scope, receive, send)
            return
        path = str(scope["path"])
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            await self._app({**scope, "root_path": self._prefix}, receive, send)
            return
        await _refuse(
            scope,
            receive,
            send,
            make_problem(
                404, "NOT_FOUND", f"there is nothing here; the API is under {self._prefix}"
            ),
        )


class OnlyHosts:
    """Answers requests alone that name one of these hosts.

    For a server on loopback that asks nobody who they are: a page of another site can have a
    browser take that site's name for this machine, but not send another name in ``Host``.

    Args:
        app: The application.
        hosts: Names and addresses, without ports.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower().strip("[]") for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for one of the hosts; 421 for others."""
        if scope["type"] == "lifespan" or _host_of(scope) in self._hosts:
            await self._app(scope, receive, send)
            return
        problem = make_problem(
            421, "MISDIRECTED_REQUEST", "this server does not go by that name; see allowed_hosts"
        )
        await _refuse(scope, receive, send, problem)


def _host_of(scope: Scope) -> str:
    given = next((bytes(value) for name, value in scope["headers"] if name == b"host"), b"")
    host = given.decode("latin-1").lower()
    # What follows the last colon is the port, unless that colon is part of an address.
    return host.rpartition("]")[0].strip("[") if host.startswith("[") else host.partition(":")[0]


async def _refuse(scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4404})
        return
    body = msgspec.json.encode(problem)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
