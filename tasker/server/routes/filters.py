"""Which tasks a request is about: the parameters of lists and figures, read in one place."""

from __future__ import annotations

from typing import Annotated

from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, Parameter, SkipValidation
from msgspec.structs import replace

from tasker.errors import InvalidRequestError
from tasker.reading import TaskQuery
from tasker.server.answering import AnyRequest, InstantText
from tasker.server.guard import TASKS, WHENEVER, own_alone
from tasker.server.headers import aware_instant
from tasker.stores.records import TaskState

Text = Annotated[str | None, Parameter(max_length=255, required=False)]
Texts = Annotated[tuple[str, ...], Parameter(required=False, max_items=100)]
States = Annotated[tuple[TaskState, ...], Parameter(required=False)]

Tasks = SkipValidation[TaskQuery]
"""A dependency of a route; what comes in was checked when it was read."""


async def whenever_created(
    *,
    request: AnyRequest,
    namespace: FromQuery[Text] = None,
    name: FromQuery[Text] = None,
    version: FromQuery[Text] = None,
    initiator: FromQuery[Text] = None,
    status: FromQuery[States] = (),
    tag: FromQuery[Texts] = (),
    annotation_type: FromQuery[Text] = None,
    annotation_key: FromQuery[Text] = None,
    annotation_value: FromQuery[Text] = None,
) -> TaskQuery:
    """Return the tasks for which every filter holds; of whoever may see no others, their own."""
    own = await own_alone(request, request.route_handler)
    return TaskQuery(
        namespace=namespace,
        name=name,
        version=version,
        initiator=initiator if own is None else own,
        states=status,
        tags=tag,
        annotation=_annotation(annotation_type, annotation_key, annotation_value),
    )


def of_every_filter(
    whenever: NamedDependency[Tasks],
    created_from: FromQuery[InstantText] = None,
    created_until: FromQuery[InstantText] = None,
) -> TaskQuery:
    """Return those of the tasks that were created then."""
    return replace(
        whenever,
        created_from=aware_instant("created_from", created_from),
        created_until=aware_instant("created_until", created_until),
    )


def _annotation(
    kind: str | None, key: str | None, value: str | None
) -> tuple[str, str, str] | None:
    given = (kind, key, value)
    if all(part is None for part in given):
        return None
    if kind is None or key is None or value is None:
        raise InvalidRequestError(
            "annotation_type, annotation_key and annotation_value go together; give all three"
        )
    return kind, key, value


FILTERS = {
    WHENEVER: Provide(whenever_created),
    TASKS: Provide(of_every_filter, sync_to_thread=False),
}
"""The dependencies of routes, by name."""
