"""Who asks, and what they may do."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, Parameter
from msgspec import Struct

from tasker.server.answering import AnyRequest, guarded
from tasker.server.errors import AuthorizationError
from tasker.server.guard import check, user_of
from tasker.server.permissions import all_permissions
from tasker.server.sidecar import Sidecar

Text = Annotated[str | None, Parameter(max_length=255, required=False)]


class Access(Struct, frozen=True, kw_only=True):
    """Who asks, and their permissions; ``user_id`` is None where nobody is known."""

    user_id: str | None
    permissions: tuple[str, ...]


@get(
    "/me",
    operation_id="getAccess",
    tags=["access"],
    summary="Who asks, and what they may do",
    **guarded("tasker.access:show", 422),
)
async def me(
    request: AnyRequest, sidecar: NamedDependency[Sidecar], task_id: FromQuery[Text] = None
) -> Access:
    """Return who asks, and what they may do: with a task, when one is given."""
    user = await user_of(request, required=False)
    context = {} if task_id is None else {"task_id": task_id}
    allowed: list[str] = []
    for permission in all_permissions():
        try:
            await check(request, permission, context)
        except AuthorizationError:
            continue
        allowed.append(permission)
    return Access(user_id=None if user is None else user.user_id, permissions=tuple(allowed))


ROUTES = (me,)
