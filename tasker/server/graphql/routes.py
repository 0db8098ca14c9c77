"""Where GraphQL is reached: by POST, and by a WebSocket."""

from __future__ import annotations

from typing import Any

from litestar import Response, WebSocket, post, websocket
from litestar.di import NamedDependency
from litestar.params import JSONBody

from tasker.server.access.caller import Caller
from tasker.server.answering import AnyRequest
from tasker.server.errors import InvalidQueryError, QueryLimitError
from tasker.server.graphql.operations import Answer, Operations, Prepared, Refused, Request
from tasker.server.graphql.socket import Conversation
from tasker.server.guard import PERMISSION, caller_of
from tasker.server.permissions import EACH_PART
from tasker.server.sidecar import Sidecar

PATH = "/graphql"
GRAPHQL_RESPONSE = "application/graphql-response+json"


@post(PATH, opt={PERMISSION: EACH_PART}, include_in_schema=False, status_code=200)
async def answer_operations(
    request: AnyRequest,
    data: JSONBody[Request | list[Request]],
    sidecar: NamedDependency[Sidecar],
) -> Response[Any]:
    """Answer an operation; or several, one after the other, each for itself.

    An operation that is not run at all is answered with its status of HTTP; what goes wrong
    later, and a list of operations, with 200.
    """
    operations, caller = Operations(sidecar), await caller_of(request)
    kind = GRAPHQL_RESPONSE if GRAPHQL_RESPONSE in request.headers.get("accept", "") else None
    media_type = kind or "application/json"
    try:
        if isinstance(data, list):
            answers = await _answers(operations, caller, data, sidecar.config.graphql.max_batch)
            return Response(answers, status_code=200, media_type=media_type)
        prepared = await _prepare(operations, caller, data)
    except Refused as refused:
        return Response(
            refused.answer,
            status_code=refused.status,
            headers=refused.headers,
            media_type=media_type,
        )
    return Response(await operations.run(prepared), status_code=200, media_type=media_type)


@websocket(PATH, opt={PERMISSION: EACH_PART})
async def converse(socket: WebSocket[Any, Any, Any], sidecar: NamedDependency[Sidecar]) -> None:
    """Run operations, subscriptions among them, by the protocol graphql-transport-ws."""
    await Conversation(socket, Operations(sidecar), sidecar.config.graphql).run()


async def _answers(
    operations: Operations, caller: Caller, requests: list[Request], most: int
) -> list[Answer]:
    if not 1 <= len(requests) <= most:
        raise Refused.because(QueryLimitError(limit="operations", found=len(requests), most=most))
    # All are looked at before any is run: what they cost together is bounded.
    prepared: list[Prepared | Refused] = []
    spent = 0
    for request in requests:
        try:
            found = await _prepare(operations, caller, request, spent=spent)
        except Refused as refused:
            prepared.append(refused)
        else:
            spent += found.cost
            prepared.append(found)
    return [
        each.answer if isinstance(each, Refused) else await operations.run(each)
        for each in prepared
    ]


async def _prepare(
    operations: Operations, caller: Caller, request: Request, *, spent: int = 0
) -> Prepared:
    prepared = await operations.prepare(caller, request, spent=spent)
    if prepared.operation.kind == "subscription":
        raise Refused.because(InvalidQueryError("a subscription needs a WebSocket"))
    return prepared


ROUTES = (answer_operations, converse)
