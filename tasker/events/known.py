"""Every event there is: what it tells, its fields, and an example.

    >>> event_info("step.failed").description
    'An attempt failed, timed out or was lost. ``retry_at`` says whether that was final.'
    >>> [event.name for event in search_events("backoff")]
    ['observability.step.backoff', 'step.retry_requested']

The functions tell of the engine's own events; an `EventCatalog` also of those that
definitions declare, and of those that were registered with an engine.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache, reduce
from operator import or_
from typing import Any

import msgspec
from msgspec import Struct

from tasker.definitions import event_names
from tasker.definitions.definition import CustomEvent as Declaration
from tasker.definitions.findings import nearest
from tasker.errors import EventNameError
from tasker.events import export, observability, registry, step, task, workflow
from tasker.events.event import CustomEvent, Event, custom_type, tag_of
from tasker.events.former import FORMER

CATEGORIES = ("task", "step", "workflow", "observability", "export", "registry", "custom")

_MODULES = {
    "task": task,
    "step": step,
    "workflow": workflow,
    "observability": observability,
    "export": export,
    "registry": registry,
}

_NO_CHANGE = ("step.before_handle", "task.bottleneck_detected")


class EventField(Struct, frozen=True, kw_only=True):
    """One field of an event. ``type`` is that of JSON."""

    name: str
    type: str
    description: str


class EventInfo(Struct, frozen=True, kw_only=True):
    """One event. ``fired_by`` names the definitions and steps that declare a custom one."""

    name: str
    category: str
    description: str
    fields: tuple[EventField, ...]
    example: dict[str, Any]
    fired_by: tuple[str, ...]


@cache
def types() -> Mapping[str, type[Event]]:
    """Return the class of each of the engine's events, under its name."""
    return {tag_of(kind): kind for kind, _ in _kinds()}


@cache
def catalog() -> Mapping[str, EventInfo]:
    """Return the engine's own events under their names, by category."""
    found = (_info(kind, category) for kind, category in _kinds())
    return {info.name: info for info in found}


@cache
def state_changes() -> tuple[str, ...]:
    """Return the names of the events that tell of a change of a task's or step's state."""
    names = (tag_of(kind) for kind, category in _kinds() if category in ("task", "step"))
    return tuple(name for name in names if name not in _NO_CHANGE)


def event_info(name: str) -> EventInfo | None:
    """Return one of the engine's events; None when there is none of that name."""
    return catalog().get(name)


def events_of(category: str) -> list[EventInfo]:
    """Return the engine's events of a category, one of `CATEGORIES`."""
    return EventCatalog().events_of(category)


def search_events(text: str) -> list[EventInfo]:
    """Return the engine's events whose name or description has a text, whatever its case."""
    return EventCatalog().search(text)


def decode_event(data: bytes | str) -> Event:
    """Return the event that a JSON object is, a custom one too.

    Raises:
        msgspec.ValidationError: It is no event, or its fields are not those of its name.
    """
    name = msgspec.json.decode(data, type=_Named).name
    if name in types():
        return _decoder().decode(data)
    if event_names.wrong_with(name) is not None:
        raise msgspec.ValidationError(f"there is no event {name!r}")
    return msgspec.json.decode(data, type=custom_type(name))


class EventCatalog:
    """The events of one engine: its own, those of its definitions, those that were registered.

    Args:
        declared: Returns the events that are declared now, each with who declares it.
    """

    def __init__(self, declared: Callable[[], Iterable[tuple[str, Declaration]]] = tuple) -> None:
        self._declared = declared
        self._registered: dict[str, Declaration] = {}

    def catalog(self) -> dict[str, EventInfo]:
        """Return every event under its name, the engine's own first."""
        return {**catalog(), **self._custom()}

    def event_info(self, name: str) -> EventInfo | None:
        """Return one event; None when there is none of that name."""
        return catalog().get(name) or self._custom().get(name)

    def events_of(self, category: str) -> list[EventInfo]:
        """Return the events of a category, one of `CATEGORIES`."""
        if category not in CATEGORIES:
            raise ValueError(
                f"there is no category {category!r} of events; they are {', '.join(CATEGORIES)}"
            )
        return [info for info in self.catalog().values() if info.category == category]

    def search(self, text: str) -> list[EventInfo]:
        """Return the events whose name or description has a text, by name."""
        wanted = text.lower()
        return [
            info
            for name, info in sorted(self.catalog().items())
            if wanted in name.lower() or wanted in info.description.lower()
        ]

    def register(self, name: str, description: str = "") -> EventInfo:
        """Add a custom event, which every step may publish from now on.

        The same event again changes nothing.

        Raises:
            EventNameError: It has no namespace, or one of the engine's; or it is
                registered with another description.
        """
        wrong = event_names.wrong_with(name)
        if wrong is not None:
            raise EventNameError(event=name, reason=wrong[0], remedy=wrong[1])
        known = self._registered.get(name)
        if known is not None and known.description != description:
            raise EventNameError(
                event=name,
                reason="is registered with another description",
                remedy="take another name, or the same description",
            )
        self._registered[name] = Declaration(name=name, description=description)
        return self._custom()[name]

    def registered(self) -> Collection[str]:
        """Return the custom events that were registered, which every step may publish."""
        return self._registered.keys()

    def check_subscribable(self, pattern: str) -> None:
        """Raise `EventNameError` for a name or pattern that nothing can ever match.

        A custom event need not be declared yet: its definition may come later.
        """
        if pattern in types() or pattern == "*":
            return
        prefix = pattern.removesuffix(".*")
        if prefix != pattern and any(name.startswith(f"{prefix}.") for name in types()):
            return
        wrong = event_names.wrong_with(prefix if prefix == pattern else f"{prefix}.any")
        if wrong is not None:
            now, why = FORMER.get(prefix, (None, ""))
            meant = now or nearest(prefix, types())
            remedy = f"did you mean {meant!r}?" if meant else "`tasker events` lists them"
            remedy = f"{why}; {remedy}" if why else remedy
            raise EventNameError(event=pattern, reason="is no event of the engine", remedy=remedy)

    def _custom(self) -> dict[str, EventInfo]:
        declared: dict[str, tuple[str, list[str]]] = {
            each.name: (each.description, []) for each in self._registered.values()
        }
        for place, event in self._declared():
            told, by = declared.get(event.name, ("", []))
            declared[event.name] = (told or event.description, [*by, place])
        return {
            name: _info(custom_type(name), "custom", description=told, fired_by=tuple(by))
            for name, (told, by) in sorted(declared.items())
        }


class _Named(Struct):
    name: str


@cache
def _decoder() -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(reduce(or_, types().values()))


@cache
def _kinds() -> tuple[tuple[type[Event], str], ...]:
    """Return every class of the engine's events with its category, as they are written."""
    return tuple(
        (kind, category)
        for category, module in _MODULES.items()
        for name, kind in vars(module).items()
        if isinstance(kind, type)
        and issubclass(kind, Event)
        and kind.__module__ == module.__name__
        and not name.startswith("_")
    )


def _info(
    kind: type[Event], category: str, *, description: str = "", fired_by: tuple[str, ...] = ()
) -> EventInfo:
    schema = msgspec.json.schema(kind, ref_template="{name}")["$defs"][kind.__name__]
    fields: list[EventField] = []
    example: dict[str, Any] = {"name": tag_of(kind)}
    for name in kind.__struct_fields__:
        facts = schema["properties"][name]
        examples = facts.get("examples") or next(
            (each["examples"] for each in facts.get("anyOf", ()) if "examples" in each), [None]
        )
        described = facts.get("description") or next(
            (each["description"] for each in facts.get("anyOf", ()) if "description" in each), ""
        )
        fields.append(EventField(name=name, type=_json_type(facts), description=described))
        example[name] = examples[0]
    example["event_id"] = f"{example['event_id'].rpartition('/')[0]}/{example['name']}"
    return EventInfo(
        name=example["name"],
        category=category,
        description=description if issubclass(kind, CustomEvent) else inspect.getdoc(kind) or "",
        fields=tuple(fields),
        example=example,
        fired_by=fired_by,
    )


def _json_type(facts: Mapping[str, Any]) -> str:
    if "anyOf" in facts:
        return " or ".join(_json_type(each) for each in facts["anyOf"])
    if "enum" in facts:
        return " or ".join(map(str, facts["enum"]))
    kind = str(facts.get("type", "any"))
    if kind == "array" and isinstance(facts.get("items"), Mapping):
        return f"array of {_json_type(facts['items'])}"
    return kind
