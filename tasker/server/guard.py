"""The one place where every request is told who asks, and whether they may."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from tasker.server.access.caller import Caller
from tasker.server.access.protocols import USER_KEY, Credentials, User
from tasker.server.errors import AuthenticationError, CrossSiteError, MediaTypeError
from tasker.server.permissions import EACH_PART, PUBLIC
from tasker.server.sidecar import Sidecar

PERMISSION = "permission"
"""The key of a route's ``opt`` that names the permission it needs."""

BODY_DECIDES = "body_decides"
"""The key of a route's ``opt`` that says that it asks again, once it has read the body."""

CREDENTIALS = ("authorization", "x-api-token", "cookie")
"""The headers that say who asks; lower case."""

TASKS = "chosen"
"""The parameter of a route that gets the tasks for which every filter holds.

No body has a field of that name: what is wrong with it would count as a fault of ours.
"""

WHENEVER = "whenever"
"""The parameter of a route that gets them whenever they were created."""

_CALLER_KEY = "tasker.caller"
_SAFE = ("GET", "HEAD", "OPTIONS")

Connection = ASGIConnection[Any, Any, Any, Any]


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let a request pass whose route names a permission that whoever asks has.

    Raises:
        AuthenticationError: Nobody is known by what the request gives.
        AuthorizationError: They lack the permission, or the route names none there is.
        CrossSiteError: It changes something, and a page of another site has it sent.
        MediaTypeError: It has a body that is not JSON.
    """
    _check_origin(connection)
    permission = str(handler.opt.get(PERMISSION, ""))
    if permission == PUBLIC:
        return
    if permission != EACH_PART:
        await _require(connection, handler, await caller_of(connection))
    _check_body(connection)


async def check_again(connection: Connection, handler: BaseRouteHandler) -> None:
    """Raise unless who asked may still have what they get: it was allowed long ago.

    They are found anew by what their request gave, and told as by `guard`.
    """
    if handler.opt.get(PERMISSION) != PUBLIC:
        await _require(connection, handler, await caller_of(connection, anew=True))


async def caller_of(connection: Connection, *, anew: bool = False) -> Caller:
    """Return who asks and what they may do, found once for each request, kept with it alone.

    Every interface asks it before it acts: see `tasker.server.access.caller.Caller`. A
    connection that brings many requests has it found ``anew`` for each.
    """
    sidecar: Sidecar = connection.app.state.sidecar
    state = connection.scope.setdefault("state", {})
    known = state.get(_CALLER_KEY)
    if isinstance(known, Caller) and not anew:
        return known
    user, refusal = None, None
    try:
        user = await sidecar.authenticator.authenticate(_credentials(connection))
    except AuthenticationError as error:
        refusal = error
    state[USER_KEY] = user
    caller = Caller(user, refusal=refusal, policy=sidecar.policy, request=_described(connection))
    state[_CALLER_KEY] = caller
    return caller


async def user_of(connection: Connection) -> User | None:
    """Return who asks, None where nobody is known."""
    await caller_of(connection)
    sidecar: Sidecar = connection.app.state.sidecar
    return sidecar.authenticator.current_user(connection.scope["state"])


async def _require(connection: Connection, handler: BaseRouteHandler, caller: Caller) -> None:
    undecided = bool(handler.opt.get(BODY_DECIDES))
    about = _about(connection, handler)
    own = await own_alone(connection, handler)
    if own is not None:
        about["initiator"] = own
    asked = caller.asked(about, undecided=undecided)
    await caller.require_for(str(handler.opt.get(PERMISSION, "")), asked)


async def own_alone(connection: Connection, handler: BaseRouteHandler) -> str | None:
    """Return who asks, where of the tasks of a route they may have their own alone; else None.

    Such a route gives them what they may have, rather than nothing.
    """
    if not _CHOSEN_BY["initiator"] & handler.parsed_fn_signature.parameters.keys():
        return None
    if "initiator" in connection.query_params:
        return None
    caller = await caller_of(connection)
    return await caller.own_alone(
        str(handler.opt.get(PERMISSION, "")), **_about(connection, handler)
    )


def _about(connection: Connection, handler: BaseRouteHandler) -> dict[str, Any]:
    """Return what a request is about, as far as its path and query say."""
    about = dict(connection.path_params)
    taken = handler.parsed_fn_signature.parameters.keys()
    chosen = {name for name, by in _CHOSEN_BY.items() if by & taken}
    # A task says by itself where it belongs, and who asked for it.
    for name in chosen if "task_id" not in about else ():
        asked_for = connection.query_params.getall(name, [])
        # What is asked for twice is not one thing.
        if len(asked_for) == 1 and name not in about:
            about[name] = asked_for[0]
    return about


# Whoever asks for a namespace where none is chosen by it gets all of them.
_CHOSEN_BY = {
    "namespace": {"namespace", TASKS, WHENEVER},
    "initiator": {TASKS, WHENEVER},
}


def _described(connection: Connection) -> str:
    client = connection.scope.get("client")
    method, path = connection.scope.get("method", "GET"), connection.scope["path"]
    return f"{method} {path} from {client[0] if client else 'unknown'}"


def _check_origin(connection: Connection) -> None:
    """Refuse what a browser sends for a page of another site: here nobody may have logged in."""
    site = connection.headers.get("sec-fetch-site", "")
    if connection.scope.get("method") not in _SAFE and site in ("cross-site", "same-site"):
        raise CrossSiteError(site=site)


def _check_body(connection: Connection) -> None:
    """Take JSON alone, which no form of another site's page can send unasked."""
    headers = connection.headers
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if not has_body:
        return
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise MediaTypeError(media_type=media_type)


def _credentials(connection: Connection) -> Credentials:
    client = connection.scope.get("client")
    headers: dict[str, str] = {}
    for raw_name, value in connection.scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        if name in headers and name in CREDENTIALS:
            # What stands before this server may have looked at the other one.
            raise AuthenticationError(reason=f"the header {name} is given twice")
        headers[name] = value.decode("latin-1")
    return Credentials(
        headers=headers,
        method=str(connection.scope.get("method", "GET")),
        path=str(connection.scope["path"]),
        client=None if client is None else client[0],
    )
