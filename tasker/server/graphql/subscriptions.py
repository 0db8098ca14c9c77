"""What can be followed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import strawberry
from msgspec import to_builtins
from strawberry.scalars import JSON

from tasker.actors.workflow.states import AT_REST
from tasker.errors import EventNameError, InvalidRequestError
from tasker.events.event import Event as EngineEvent
from tasker.events.event import TaskEvent
from tasker.server.errors import EventsElsewhereError
from tasker.server.graphql.context import ContextInfo
from tasker.server.graphql.tasks import Task
from tasker.server.routes.streams import POLL_SECONDS

LONG = 60.0
"""Seconds; how often what nothing happens to is looked at, or waited for, again."""


@strawberry.type
class Event:
    """Something that happened. ``at`` is Unix seconds; ``data`` is all that is told of it."""

    event_id: strawberry.ID
    name: str
    at: float
    task_id: strawberry.ID | None
    data: JSON

    @classmethod
    def of(cls, event: EngineEvent) -> Event:
        """Return an event as it is shown."""
        task_id = event.task_id if isinstance(event, TaskEvent) else None
        return cls(
            event_id=strawberry.ID(event.event_id),
            name=event.name,
            at=event.at,
            task_id=None if task_id is None else strawberry.ID(task_id),
            data=JSON(to_builtins(event)),
        )


@strawberry.type
class Subscription:
    """What can be followed."""

    @strawberry.subscription
    async def task_changed(
        self, info: ContextInfo, task_id: strawberry.ID
    ) -> AsyncGenerator[Task, None]:
        """A task as it is, and again whenever it has changed, until it is at rest."""
        engine, feed = info.context.engine, info.context.sidecar.feed
        seen = 0
        async for _ in feed.changes(task_id, LONG if engine.works else POLL_SECONDS):
            view = await engine.get(task_id)
            if view.workflow_state.seq > seen:
                seen = view.workflow_state.seq
                info.context.loaders.forget()
                yield Task.of(view)
            if view.state in AT_REST:
                return

    @strawberry.subscription
    async def events(
        self, info: ContextInfo, names: list[str] | None = None
    ) -> AsyncGenerator[Event, None]:
        """The events of the engine as they happen; ``names`` choose, as in ``task.*``.

        Whoever is too slow is cut off.
        """
        engine = info.context.engine
        if not engine.works:
            raise EventsElsewhereError
        wanted = tuple(names or ("task.*", "step.*"))
        for each in wanted:
            try:
                engine.event_catalog.check_subscribable(each)
            except EventNameError as error:
                raise InvalidRequestError(str(error)) from error
        async with info.context.sidecar.feed.read(wanted, None) as (reader, _):
            while True:
                event = await reader.next(LONG)
                if event is not None:
                    yield Event.of(event)
                elif reader.ended:
                    return
