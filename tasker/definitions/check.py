"""Everything about a definition that its parts cannot tell alone.

The same checks serve YAML and Python. They speak of fields of `Definition`; who
calls them knows where each field was written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from msgspec import Struct

from tasker.definitions import event_names, names
from tasker.definitions import version as versions
from tasker.definitions.definition import CustomEvent, Definition, StepDefinition
from tasker.definitions.findings import Path, list_words, nearest
from tasker.definitions.graph import find_cycle
from tasker.definitions.schema import schema_violations

EXECUTORS = ("auto", "process")

SHOWN = 40
"""Characters of a name that is too long that its message shows."""

Quote = Callable[[Path, object], str]
"""How a field was written: given its path and its value, the text to show, unquoted."""


class Finding(Struct, frozen=True, kw_only=True):
    """Something wrong, at a path of fields, as in ``("steps", 2, "retry_limit")``."""

    path: Path
    message: str
    remedy: str


def check_definition(definition: Definition, quote: Quote) -> Iterator[Finding]:
    """Give everything that is wrong with a definition.

    Names that are empty stand for values that could not be read, and are passed
    over: whoever read them has said so.
    """
    yield from _check_name(("name",), definition.name, "definition", quote)
    yield from _check_name(("namespace",), definition.namespace, "namespace", quote)
    if not definition.namespace:
        remedy = "name one, or leave it out for the namespace default"
        yield Finding(path=("namespace",), message="the namespace is empty", remedy=remedy)
    if not versions.is_version(definition.version):
        shown = quote(("version",), definition.version)
        yield Finding(
            path=("version",), message=f"{shown!r} is no semantic version", remedy=versions.REMEDY
        )
    for field in ("max_execution_seconds", "max_concurrent_steps"):
        yield from _check_limit((field,), getattr(definition, field), quote)
    yield from _check_events(("custom_events",), definition.custom_events, quote)
    yield from _check_annotation_types(definition, quote)
    for pointer, message in schema_violations(definition.schema):
        remedy = "mend the JSON Schema of the context"
        yield Finding(path=("schema", *pointer), message=message, remedy=remedy)
    yield from _check_steps(definition.steps, quote)
    yield from _check_dependencies(definition.steps, quote)


def _check_name(path: Path, name: str, what: str, quote: Quote) -> Iterator[Finding]:
    wrong = names.wrong_with(name, of_step=what == "step")
    if name and wrong is not None:
        message, remedy = wrong
        shown = quote(path, name)
        shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
        yield Finding(
            path=path, message=f"the name {shown!r} of the {what} {message}", remedy=remedy
        )


def _check_limit(path: Path, value: float | None, quote: Quote) -> Iterator[Finding]:
    if value is not None and not (math.isfinite(value) and value > 0):
        whole = path[-1] not in {
            "max_execution_seconds",
            "timeout_seconds",
            "rate_limit_per_second",
        }
        yield Finding(
            path=path,
            message=f"the limit is {quote(path, value)}",
            remedy="give a whole number of at least 1" if whole else "give a number above 0",
        )


def _check_steps(steps: tuple[StepDefinition, ...], quote: Quote) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, step in enumerate(steps):
        here: Path = ("steps", index)
        yield from _check_name((*here, "name"), step.name, "step", quote)
        if step.name and first.setdefault(step.name, index) != index:
            shown = quote((*here, "name"), step.name)
            yield Finding(
                path=(*here, "name"),
                message=f"there are two steps {shown!r}",
                remedy="rename or remove one of them",
            )
        for field in (
            "retry_limit",
            "timeout_seconds",
            "max_concurrent_requests",
            "rate_limit_per_second",
        ):
            if field not in step.handler_config:  # that one was checked with the configuration
                yield from _check_limit((*here, field), getattr(step, field), quote)
        if step.executor not in EXECUTORS:
            shown = quote((*here, "executor"), step.executor)
            yield Finding(
                path=(*here, "executor"),
                message=f"{shown!r} is no executor",
                remedy="write auto or process",
            )
        yield from _check_events((*here, "custom_events"), step.custom_events, quote)


def _check_dependencies(steps: tuple[StepDefinition, ...], quote: Quote) -> Iterator[Finding]:
    shown = {s.name: quote(("steps", i, "name"), s.name) for i, s in enumerate(steps) if s.name}
    graph: dict[str, list[str]] = {name: [] for name in shown}
    for index, step in enumerate(steps):
        for dependency in step.depends_on:
            path: Path = ("steps", index, "depends_on", dependency)
            if step.name and dependency == step.name:
                message = f"step {shown[step.name]!r} depends on itself"
                yield Finding(path=path, message=message, remedy="remove this dependency")
            elif dependency not in shown:
                meant = nearest(dependency, [name for name in shown if name != step.name])
                yield Finding(
                    path=path,
                    message=f"depends on the unknown step {quote(path, dependency)!r}",
                    remedy=f"did you mean {shown[meant]!r}?"
                    if meant
                    else f"known steps: {list_words(shown.values())}",
                )
            elif step.name:
                graph[step.name].append(dependency)
    while (cycle := find_cycle(graph)) is not None:
        names = [shown[name] for name in cycle]
        index = next(i for i, step in enumerate(steps) if step.name == cycle[0])
        yield Finding(
            path=("steps", index, "depends_on", cycle[1]),
            message=f"the steps depend on each other in a circle: {' -> '.join(names)}",
            remedy="remove one of these dependencies",
        )
        for name in cycle[:-1]:  # the next one shares no step with this one
            del graph[name]


def _check_events(path: Path, events: tuple[CustomEvent, ...], quote: Quote) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, event in enumerate(events):
        if not event.name:
            continue
        here = (*path, index, "name")
        shown = quote(here, event.name)
        wrong = event_names.wrong_with(event.name)
        if wrong is not None:
            message, remedy = wrong
            yield Finding(path=here, message=f"the event {shown!r} {message}", remedy=remedy)
        elif event.name in seen:
            yield Finding(
                path=here, message=f"the event {shown!r} is defined twice", remedy="remove one"
            )
        seen.add(event.name)


def _check_annotation_types(definition: Definition, quote: Quote) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, kind in enumerate(definition.annotation_types):
        path: Path = ("annotation_types", index, "name")
        if kind.name and kind.name in seen:
            message = f"the annotation type {quote(path, kind.name)!r} is defined twice"
            yield Finding(path=path, message=message, remedy="remove one")
        seen.add(kind.name)
