"""What every event is: a frozen Struct that knows its name.

Instants are Unix seconds, UTC; lengths of time are seconds. As JSON an event is one
object, its name under ``name``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

_WORD = re.compile(r"[A-Z][a-z0-9]*")
_NAMESPACES_OF_TWO = ("observability", "tasker")


def name_of(class_name: str) -> str:
    """Return the name of the event of a class: ``StepRetryRequested`` is ``step.retry_requested``.

    The first word is the namespace; of ``observability`` and ``tasker`` the second as well.
    """
    words = [word.lower() for word in _WORD.findall(class_name)]
    spaces = 2 if words[0] in _NAMESPACES_OF_TWO else 1
    return ".".join([*words[:spaces], "_".join(words[spaces:])])


EventId = Annotated[
    str,
    Meta(
        description="The same whenever this very event is told again, and no other's.",
        examples=["0190c1d2-7b1e-7000-8000-3f5c9a2b4d6e/4/0/step.completed"],
    ),
]
Instant = Annotated[float, Meta(description="Unix seconds, UTC.", examples=[1_764_000_000.25])]
TaskId = Annotated[
    str, Meta(description="The task's id.", examples=["0190c1d2-7b1e-7000-8000-3f5c9a2b4d6e"])
]
Correlation = Annotated[
    str | None,
    Meta(description="Joins what was done for one request.", examples=["req-7f3a"]),
]
Namespace = Annotated[str, Meta(description="The namespace of its definition.", examples=["shop"])]
TaskName = Annotated[str, Meta(description="The name of its definition.", examples=["checkout"])]
Version = Annotated[str, Meta(description="The version of its definition.", examples=["1.2.0"])]
StepName = Annotated[str, Meta(description="The step's name.", examples=["charge"])]
Attempt = Annotated[
    int,
    Meta(description="The step's attempt, from 1; 0 when none was begun.", examples=[1]),
]
Seconds = Annotated[float, Meta(description="Seconds.", examples=[0.25])]
Count = Annotated[int, Meta(description="How many.", examples=[3])]
Steps = Annotated[
    tuple[str, ...], Meta(description="Names of steps.", examples=[["charge", "reserve"]])
]
By = Annotated[
    str | None, Meta(description="Who asked for it, where it was said.", examples=["ann"])
]
Reason = Annotated[
    str | None, Meta(description="Why, where it was said.", examples=["the bank is back"])
]
ErrorClass = Annotated[
    str,
    Meta(
        description="The exception's class, with its module; a bare name is the engine's.",
        examples=["httpx.ConnectError"],
    ),
]
ErrorMessage = Annotated[
    str, Meta(description="What it said, without secrets.", examples=["the bank is away"])
]


class Event(Struct, frozen=True, kw_only=True, gc=False, tag_field="name", tag=name_of):
    """Something that happened. ``at`` is when it was decided, or seen."""

    event_id: EventId
    at: Instant

    def get(self, key: str, default: Any = None) -> Any:
        """Return what the event holds under a key, ``default`` where it has no such field."""
        return getattr(self, key) if key in self.__struct_fields__ else default

    @property
    def name(self) -> str:
        """The event's name, as in ``step.completed``."""
        # As `tag_of`, without the call: handlers ask for it all the time.
        name: str = type(self).__struct_config__.tag  # type: ignore[assignment]
        return name


def tag_of(kind: type[Event]) -> str:
    """Return the name of the events of a class."""
    return str(kind.__struct_config__.tag)


class TaskEvent(Event, frozen=True, kw_only=True, gc=False):
    """An event of a task."""

    task_id: TaskId
    correlation_id: Correlation
    namespace: Namespace
    task_name: TaskName
    version: Version


class StepEvent(TaskEvent, frozen=True, kw_only=True, gc=False):
    """An event of one step of a task."""

    step: StepName
    attempt: Attempt


class CustomEvent(StepEvent, frozen=True, kw_only=True, gc=False):
    """An event that a handler published; each name has a class of its own, see `custom_type`.

    ``at`` is when the handler published it. It is told once the outcome of the attempt
    is durable: `tasker.handlers.views.Step.publish_custom_event` says why.
    """

    payload: Annotated[
        dict[str, Any],
        Meta(description="What the handler gave, without secrets.", examples=[{"order": "A-17"}]),
    ] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Return a field, or what the handler gave under that key."""
        return super().get(key, self.payload.get(key, default))


@lru_cache(maxsize=4_096)
def custom_type(name: str) -> type[CustomEvent]:
    """Return the class of the custom events of a name."""
    class_name = "".join(part.capitalize() for part in re.split(r"\W|_", name) if part)
    return msgspec.defstruct(  # type: ignore[return-value]
        class_name if class_name.isidentifier() else f"Custom{class_name}",
        [],
        bases=(CustomEvent,),
        tag=name,
        frozen=True,
        kw_only=True,
        gc=False,
    )
