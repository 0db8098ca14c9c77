"""Which tasks a request is about: the parameters of lists and figures, read in one place."""

from __future__ import annotations

from typing import Annotated

from litestar.di import Provide
from litestar.params import FromQuery, Parameter, SkipValidation

from tasker.errors import InvalidRequestError
from tasker.reading import TaskQuery
from tasker.server.answering import AnyRequest, InstantText
from tasker.server.guard import SCOPE, TASKS, own_alone
from tasker.server.headers import aware_instant
from tasker.stores.records import TaskState

Text = Annotated[str | None, Parameter(max_length=255, required=False)]
Texts = Annotated[tuple[str, ...], Parameter(required=False, max_items=100)]
States = Annotated[tuple[TaskState, ...], Parameter(required=False)]

Tasks = SkipValidation[TaskQuery]
"""A dependency of a route; what comes in was checked when it was read."""


def of_definition(
    namespace: FromQuery[Text] = None,
    name: FromQuery[Text] = None,
    version: FromQuery[Text] = None,
) -> TaskQuery:
    """Return the tasks of a namespace, a definition, a version."""
    return TaskQuery(namespace=namespace, name=name, version=version)


async def of_every_filter(
    *,
    request: AnyRequest,
    namespace: FromQuery[Text] = None,
    name: FromQuery[Text] = None,
    version: FromQuery[Text] = None,
    initiator: FromQuery[Text] = None,
    status: FromQuery[States] = (),
    tag: FromQuery[Texts] = (),
    created_from: FromQuery[InstantText] = None,
    created_until: FromQuery[InstantText] = None,
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
        created_from=aware_instant("created_from", created_from),
        created_until=aware_instant("created_until", created_until),
        annotation=_annotation(annotation_type, annotation_key, annotation_value),
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
    SCOPE: Provide(of_definition, sync_to_thread=False),
    TASKS: Provide(of_every_filter),
}
"""The dependencies of routes, by name."""
