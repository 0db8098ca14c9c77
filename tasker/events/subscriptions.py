"""Subscribers from YAML files.

subscriptions:
  errors:
    class: shop.subscribers:ErrorTracker
    events: [task.failed, "order.*"]      # beside those that the class names
    when_full: drop_oldest                # or drop_newest, block
    capacity: 1000
    enabled: true
    durable: false                        # true: with a cursor in the store; it misses nothing
    max_attempts: 20                      # of a durable one, before an event is a dead letter
    concurrency: 8                        # of a durable one, tasks whose events are handled at once
    config: {dsn: "${SENTRY_DSN:-}"}
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tasker.definitions.environment import resolve
from tasker.definitions.files import find_files, read_text
from tasker.definitions.findings import Findings, Path, problem_order
from tasker.definitions.keys import TEXT, Key, Kind, Table
from tasker.definitions.nodes import Fields, line_of
from tasker.definitions.reading import read
from tasker.definitions.source import parse
from tasker.errors import DefinitionError, HandlerError, SubscriberError
from tasker.events.known import EventCatalog
from tasker.events.mailbox import WHEN_FULL as POLICIES
from tasker.events.outbox import check_durable
from tasker.events.subscriber import BaseSubscriber
from tasker.events.subscribers import CAPACITY, WHEN_FULL, AnyDelivery
from tasker.handlers.reference import resolve as resolve_reference

_FILE: Table = {"subscriptions": Key(kind=Kind.MAPPING, required=True)}
_ENTRY: Table = {
    "class": Key(kind=Kind.TEXT, required=True),
    "events": Key(kind=Kind.TEXTS),
    "enabled": Key(kind=Kind.BOOLEAN),
    "capacity": Key(kind=Kind.INTEGER),
    "when_full": TEXT,
    "durable": Key(kind=Kind.BOOLEAN),
    "max_attempts": Key(kind=Kind.INTEGER),
    "concurrency": Key(kind=Kind.INTEGER),
    "config": Key(kind=Kind.MAPPING),
}
_REMEDY = "name a subclass of tasker.BaseSubscriber, as package.module:Name"


class LoadedSubscriber(Struct, frozen=True, kw_only=True):
    """A subscriber of a file, made, and how its mailbox is to be."""

    subscriber: BaseSubscriber
    capacity: int
    when_full: Any
    durable: bool


Subscribing = BaseSubscriber | type[BaseSubscriber] | LoadedSubscriber | str | PathLike[str]
"""A subscriber, or a YAML file or directory of them."""


def subscribe_all(
    subscribe: Callable[..., AnyDelivery],
    sources: Subscribing | Iterable[Subscribing],
    *,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Have subscribers, and those of files, hear events.

    Raises:
        DefinitionError: With everything that is wrong in the files.
        SubscriberError: A subscriber cannot hear what it asks for.
    """
    single = isinstance(sources, str | PathLike | BaseSubscriber | LoadedSubscriber | type)
    each = [sources] if single else list(sources)  # type: ignore[arg-type]
    paths = [path for path in each if isinstance(path, str | PathLike)]
    loaded = load_subscribers(paths, environ=environ)
    loaded += [one for one in each if isinstance(one, LoadedSubscriber)]
    for found in loaded:
        subscribe(
            found.subscriber,
            capacity=found.capacity,
            when_full=found.when_full,
            durable=found.durable,
        )
    for one in each:
        if not isinstance(one, str | PathLike | LoadedSubscriber):
            subscribe(one)


def load_subscribers(
    paths: Iterable[str | PathLike[str]], *, environ: Mapping[str, str] | None = None
) -> list[LoadedSubscriber]:
    """Make the subscribers of YAML files, and of directories with all that is below them.

    Those that are not ``enabled`` are checked, and left out.

    Raises:
        DefinitionError: With every problem of every file, by file and line.
    """
    environ = os.environ if environ is None else environ
    files, problems = find_files(paths, "subscribers")
    loaded: list[LoadedSubscriber] = []
    for file in files:
        findings = Findings(str(file))
        text = read_text(file, findings)
        root = (
            None
            if text is None
            else parse(text, findings, what="a file of subscribers", start="subscriptions:")
        )
        if root is not None:
            loaded += _Reading(root, environ, findings).finish()
        problems += findings.problems
    if problems:
        raise DefinitionError(problems=sorted(problems, key=problem_order))
    return loaded


class _Reading:
    """One file on its way to subscribers."""

    def __init__(self, root: Fields, environ: Mapping[str, str], findings: Findings) -> None:
        resolved = resolve(root, environ, (), findings)
        assert isinstance(resolved, Fields)
        self._root = resolved
        self._findings = findings

    def finish(self) -> list[LoadedSubscriber]:
        read(self._root, _FILE, (), self._findings)
        entry = self._root.entries.get("subscriptions")
        if entry is None or not isinstance(entry.node, Fields):
            return []
        made = [self._one(name, field.node) for name, field in entry.node.entries.items()]
        return [each for each in made if each is not None]

    def _one(self, name: str, node: Any) -> LoadedSubscriber | None:
        path: Path = ("subscriptions", name)
        if not isinstance(node, Fields):
            self._note(path, "a subscription is a mapping of keys", "start with class:")
            return None
        values = read(node, _ENTRY, path, self._findings)
        capacity, when_full = values.get("capacity", CAPACITY), values.get("when_full", WHEN_FULL)
        if capacity < 1:
            message = f"the capacity is {capacity}"
            self._note((*path, "capacity"), message, "give a whole number of at least 1")
        if when_full not in POLICIES:
            message = f"{when_full!r} is no way to deal with a full mailbox"
            self._note((*path, "when_full"), message, f"write {', '.join(POLICIES)}")
        for key in ("max_attempts", "concurrency"):
            if values.get(key, 1) < 1:
                message = f"{key} is {values[key]}"
                self._note((*path, key), message, "give a whole number of at least 1")
        kind = self._class(values.get("class"), (*path, "class"))
        made = None if kind is None else self._make(kind, name, values, path)
        if made is None or not values.get("enabled", True):
            return None
        return LoadedSubscriber(
            subscriber=made,
            capacity=capacity,
            when_full=when_full,
            durable=values.get("durable", made.durable),
        )

    def _class(self, reference: str | None, path: Path) -> type[BaseSubscriber] | None:
        if not reference:
            return None
        try:
            kind = resolve_reference(reference).target
        except HandlerError as error:
            self._note(path, f"class {reference!r}: {error.reason}", error.remedy or _REMEDY)
            return None
        if not (isinstance(kind, type) and issubclass(kind, BaseSubscriber)):
            self._note(path, f"{reference!r} is no subscriber", _REMEDY)
            return None
        return kind

    def _make(
        self, kind: type[BaseSubscriber], name: str, values: Mapping[str, Any], path: Path
    ) -> BaseSubscriber | None:
        try:
            made = kind(name=name, events=values.get("events", ()), config=values.get("config"))
            made.check(EventCatalog())
            changes = {
                key: values[key]
                for key in ("max_attempts", "concurrency")
                if values.get(key, 0) >= 1
            }
            made.policy = replace(made.policy, **changes)
            if values.get("durable", made.durable):
                check_durable(made)
        except SubscriberError as error:
            where = (*path, "events") if values.get("events") else (*path, "class")
            self._note(where, error.reason, "`tasker events` lists the events")
            return None
        except Exception as error:  # whatever its constructor raises
            reason = f"making it failed: {type(error).__name__}: {error}"
            self._note((*path, "class"), reason, "mend what it raised, or its config")
            return None
        return made

    def _note(self, path: Path, message: str, remedy: str) -> None:
        self._findings.add(line_of(self._root, path), path, message, remedy)
