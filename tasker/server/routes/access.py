"""Who asks, and what they may do."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import FromQuery, Parameter
from msgspec import Struct

from tasker.server.answering import AnyRequest, guarded
from tasker.server.guard import caller_of

Text = Annotated[str | None, Parameter(max_length=255, required=False)]


class Access(Struct, frozen=True, kw_only=True):
    """Who asks, and their permissions; ``user_id`` is None where nobody is known."""

    user_id: str | None
    roles: tuple[str, ...]
    permissions: tuple[str, ...]


@get(
    "/me",
    operation_id="getAccess",
    tags=["access"],
    summary="Who asks, and what they may do",
    **guarded("tasker.access:show", 422),
)
async def me(
    request: AnyRequest,
    namespace: FromQuery[Text] = None,
    task_id: FromQuery[Text] = None,
) -> Access:
    """Return who asks, and what they may do: in a namespace or with a task, when one is given."""
    caller = await caller_of(request)
    about = {"namespace": namespace, "task_id": task_id}
    known = {name: value for name, value in about.items() if value is not None}
    return Access(
        user_id=None if caller.user is None else caller.user.user_id,
        roles=() if caller.user is None else caller.user.roles,
        permissions=await caller.permissions(**known),
    )


ROUTES = (me,)
