"""Who did what."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, Parameter

from tasker.reading import ActionPage, AuditQuery
from tasker.server.answering import InstantText, guarded
from tasker.server.headers import aware_instant
from tasker.server.sidecar import Sidecar

MOST_PER_PAGE = 100
Text = Annotated[str | None, Parameter(max_length=255, required=False)]


@get(
    "/audit",
    operation_id="listActions",
    tags=["audit"],
    summary="Who did what, newest first",
    **guarded("tasker.audit:read", 422),
)
async def list_actions(
    *,
    sidecar: NamedDependency[Sidecar],
    by: FromQuery[Text] = None,
    operation: FromQuery[Text] = None,
    task_id: FromQuery[Text] = None,
    namespace: FromQuery[Text] = None,
    at_from: FromQuery[InstantText] = None,
    at_until: FromQuery[InstantText] = None,
    cursor: FromQuery[Annotated[str | None, Parameter(max_length=64, required=False)]] = None,
    per_page: FromQuery[Annotated[int, Parameter(ge=1, le=MOST_PER_PAGE)]] = 25,
) -> ActionPage:
    """Return a page of what was asked for and done, and by whom.

    It is recorded with what it changed. What was refused is in the log `tasker.audit`.
    `at_from` is inclusive, `at_until` exclusive.
    """
    where = AuditQuery(
        by=by,
        operation=operation,
        task_id=task_id,
        namespace=namespace,
        at_from=aware_instant("at_from", at_from),
        at_until=aware_instant("at_until", at_until),
    )
    return await sidecar.engine.audit(where, cursor=cursor, limit=per_page)


ROUTES = (list_actions,)
