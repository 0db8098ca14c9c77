"""The answer to what comes by POST: an operation, or a list of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tasker.server.access.caller import Caller
from tasker.server.errors import InvalidQueryError, QueryLimitError
from tasker.server.graphql.operations import Answer, Operations, Prepared, Refused
from tasker.server.graphql.request import Request
from tasker.server.sidecar import Sidecar


class Response(Struct, frozen=True):
    """What HTTP answers: a status, headers, and a body to be encoded."""

    status: int
    body: Any
    headers: Mapping[str, str] = {}


async def answer(sidecar: Sidecar, caller: Caller, data: Request | list[Request]) -> Response:
    """Run what was sent.

    An operation that is not run at all is answered with its status of HTTP; what goes wrong
    later, and a list of operations, with 200.
    """
    operations = Operations(sidecar)
    try:
        if isinstance(data, list):
            most = sidecar.config.graphql.max_batch
            return Response(200, await _answers(operations, caller, data, most))
        prepared = await _prepare(operations, caller, data)
    except Refused as refused:
        return Response(refused.status, refused.answer, refused.headers)
    return Response(200, await operations.run(prepared))


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
