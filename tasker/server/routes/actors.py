"""The actors that do the work."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, Parameter
from msgspec import Struct

from tasker.actors.mailbox import MailboxStatistics
from tasker.actors.supervisor import ActorDescription
from tasker.server.answering import guarded
from tasker.server.sidecar import Sidecar

MOST_CHILDREN = 1_000


class ActorEntry(Struct, frozen=True, kw_only=True):
    """One actor of the tree; see `tasker.actors.supervisor.ActorDescription`.

    ``depth`` is 0 at the root; an actor stands after its supervisor, which is the last one
    before it that is less deep.
    """

    depth: int
    name: str
    kind: str
    state: str
    restarts: int
    age_seconds: float
    mailbox: MailboxStatistics | None


class Actors(Struct, frozen=True, kw_only=True):
    """The tree of actors, each supervisor before its children."""

    actors: tuple[ActorEntry, ...]


@get(
    "/actors",
    operation_id="listActors",
    tags=["actors"],
    summary="Show the tree of actors",
    **guarded("tasker.actor:index", 422),
)
async def list_actors(
    sidecar: NamedDependency[Sidecar],
    limit: FromQuery[Annotated[int, Parameter(ge=1, le=MOST_CHILDREN)]] = 100,
) -> Actors:
    """Return the actors of the engine with their mailboxes, `limit` of each supervisor."""
    return Actors(actors=tuple(_flat(sidecar.engine.describe(limit), 0)))


def _flat(actor: ActorDescription, depth: int) -> list[ActorEntry]:
    entry = ActorEntry(
        depth=depth,
        name=actor.name,
        kind=actor.kind,
        state=actor.state,
        restarts=actor.restarts,
        age_seconds=actor.age_seconds,
        mailbox=actor.mailbox,
    )
    return [entry, *(below for child in actor.children for below in _flat(child, depth + 1))]


ROUTES = (list_actors,)
