"""Where GraphQL is reached: by POST, and by a WebSocket."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import anyio.to_thread
from litestar import Response, WebSocket, post, websocket
from litestar.di import NamedDependency
from litestar.params import JSONBody

from tasker.server.answering import AnyRequest
from tasker.server.graphql.request import Request
from tasker.server.guard import PERMISSION, caller_of
from tasker.server.permissions import EACH_PART
from tasker.server.sidecar import Sidecar

PATH = "/graphql"
GRAPHQL_RESPONSE = "application/graphql-response+json"


async def _load() -> None:
    """Import what answers, the first time in a thread.

    It takes a third of what a server takes to start, and many are never asked for it.
    """
    for name in ("answers", "socket"):
        await anyio.to_thread.run_sync(import_module, f"tasker.server.graphql.{name}")


@post(PATH, opt={PERMISSION: EACH_PART}, include_in_schema=False, status_code=200)
async def answer_operations(
    request: AnyRequest,
    data: JSONBody[Request | list[Request]],
    sidecar: NamedDependency[Sidecar],
) -> Response[Any]:
    """Answer an operation; or several, one after the other, each for itself."""
    await _load()
    from tasker.server.graphql.answers import answer

    found = await answer(sidecar, await caller_of(request), data)
    kind = GRAPHQL_RESPONSE if GRAPHQL_RESPONSE in request.headers.get("accept", "") else None
    return Response(
        found.body,
        status_code=found.status,
        headers=dict(found.headers),
        media_type=kind or "application/json",
    )


@websocket(PATH, opt={PERMISSION: EACH_PART})
async def converse(socket: WebSocket[Any, Any, Any], sidecar: NamedDependency[Sidecar]) -> None:
    """Run operations, subscriptions among them, by the protocol graphql-transport-ws."""
    await _load()
    from tasker.server.graphql.operations import Operations
    from tasker.server.graphql.socket import Conversation

    await Conversation(socket, Operations(sidecar), sidecar.config.graphql).run()


ROUTES = (answer_operations, converse)
