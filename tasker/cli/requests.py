"""From what is typed to a task request and the definitions that it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from tasker.cli.inputs import JsonObjectType, is_file, split_name, user_name
from tasker.cli.settings import Settings
from tasker.definitions.loaded import LoadedDefinition
from tasker.definitions.yaml import load_definitions
from tasker.discovery import Discovered, discover
from tasker.request import TaskRequest

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--context",
        "-c",
        type=JsonObjectType(),
        default="{}",
        metavar="JSON|@FILE|-",
        help="What the task works on: a JSON object.",
    ),
    click.option("--namespace", "-n", metavar="NAME", help="The definition's namespace."),
    click.option("--version", metavar="VERSION", help="An exact version; the latest by default."),
    click.option("--priority", type=int, metavar="N", help="Higher goes first."),
    click.option("--tag", "-t", "tags", multiple=True, metavar="TAG", help="Repeatable."),
    click.option(
        "--bypass",
        "bypass_steps",
        multiple=True,
        metavar="STEP",
        help="A skippable step to take as done. Repeatable.",
    ),
    click.option(
        "--idempotency-key", metavar="KEY", help="Refuse a second task with the same key."
    ),
    click.option(
        "--correlation-id",
        metavar="ID",
        help="What joins the task and its logs with what caused it; the task's id by default.",
    ),
    click.option("--reason", metavar="TEXT", help="Why, for the record."),
    click.option("--initiator", metavar="NAME", help="Who asks; you by default."),
)


def request_options(command: Command) -> Command:
    """Add the options that make up a task request."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_request(
    target: str, settings: Settings, **fields: Any
) -> tuple[TaskRequest, list[Discovered]]:
    """Return the request for a definition's name or file, and where its definition is.

    A server knows its definitions: for it a name is enough.

    Raises:
        DefinitionError: With everything that is wrong in the definitions.
        InvalidRequestError: The request cannot be.
    """
    given: list[Discovered] = []
    if is_file(target):
        given = list(load_definitions([target], environment=settings.environment))
        if len(given) > 1:
            raise click.UsageError(
                f"{target} holds several definitions; name one, with --definitions {target}"
            )
        namespace, name, version = _of_only(given)
    elif settings.server_url is None and not (
        settings.definitions or settings.app or settings.entry_points
    ):
        raise click.UsageError(
            f"where is the definition {target!r}? Give --definitions, --app or --entry-points, "
            "or name its YAML file"
        )
    else:
        namespace, name, version = split_name(target)
    sources = given + load_sources(settings)
    namespace = fields.pop("namespace") or namespace or _namespace_of(name, sources)
    version = fields.pop("version") or version
    request = TaskRequest(
        name=name,
        namespace=namespace,
        version=version,
        initiator=fields.pop("initiator") or user_name(),
        reason=fields.pop("reason") or "unknown",
        source_system="cli",
        **fields,
    )
    return request, sources


def load_sources(settings: Settings) -> list[Discovered]:
    """Return the definitions that the settings name; raises `DefinitionError`."""
    return discover(
        settings.definitions,
        app=settings.app,
        entry_points=settings.entry_points,
        environment=settings.environment,
    )


def _of_only(given: Sequence[Discovered]) -> tuple[str | None, str, str | None]:
    return _names(given)[0]


def _names(sources: Sequence[Discovered]) -> list[tuple[str, str, str]]:
    found = [
        source.definition if isinstance(source, LoadedDefinition) else source.build()
        for source in sources
    ]
    return [(each.namespace, each.name, each.version) for each in found]


def _namespace_of(name: str, sources: Sequence[Discovered]) -> str:
    """Return the one namespace that has the name, so that it need not be typed."""
    has = {namespace for namespace, known, _ in _names(sources) if known == name}
    return has.pop() if len(has) == 1 else "default"
