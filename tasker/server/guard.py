"""The one place where every request is told who asks, and whether they may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from tasker.server.access.protocols import USER_KEY, Credentials, User
from tasker.server.errors import (
    AuthenticationError,
    AuthorizationError,
    CrossSiteError,
    MediaTypeError,
)
from tasker.server.permissions import PUBLIC, exists
from tasker.server.sidecar import Sidecar

PERMISSION = "permission"
"""The key of a route's ``opt`` that names the permission it needs."""

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
    await check(connection, permission, connection.path_params)
    _check_body(connection)


async def check(connection: Connection, permission: str, context: Mapping[str, Any]) -> None:
    """Raise unless whoever asks has a permission; see `guard`."""
    sidecar: Sidecar = connection.app.state.sidecar
    if not exists(permission):
        raise AuthorizationError(permission=permission)
    is_open = permission in sidecar.config.auth.open
    user = await user_of(connection, required=not is_open)
    if is_open or (
        user is not None and await sidecar.coordinator.allows(user, permission, context)
    ):
        return
    raise AuthorizationError(permission=permission)


async def user_of(connection: Connection, *, required: bool = True) -> User | None:
    """Return who asks, found once for each request and kept with it alone.

    Raises:
        AuthenticationError: Nobody is known, and it is ``required``.
    """
    sidecar: Sidecar = connection.app.state.sidecar
    state = connection.scope.setdefault("state", {})
    known = sidecar.authenticator.current_user(state)
    if known is not None:
        return known
    try:
        found = await sidecar.authenticator.authenticate(_credentials(connection))
    except AuthenticationError:
        if required:
            raise
        return None
    state[USER_KEY] = found
    return found


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
    return Credentials(
        headers={
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in connection.scope["headers"]
        },
        method=str(connection.scope.get("method", "GET")),
        path=str(connection.scope["path"]),
        client=None if client is None else client[0],
    )
