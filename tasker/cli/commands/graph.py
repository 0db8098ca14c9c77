"""``tasker graph``: the steps of a definition or a task, drawn."""

from __future__ import annotations

import anyio
import click

from tasker.cli.drawing import (
    Picture,
    as_json,
    as_mermaid,
    as_text,
    picture_of_definition,
    picture_of_task,
)
from tasker.cli.finding import find_task
from tasker.cli.inputs import is_file, split_name
from tasker.cli.printing import print_json
from tasker.cli.service import connect
from tasker.cli.settings import Settings, pass_settings, source_options, store_options
from tasker.definitions.definition import Definition
from tasker.definitions.loaded import LoadedDefinition
from tasker.discovery import discover


@click.command("graph", short_help="Draw a definition's or a task's graph.")
@click.argument("target", metavar="FILE|NAME|TASK_ID")
@click.option(
    "--format",
    "-f",
    "style",
    type=click.Choice(["text", "mermaid"]),
    default="text",
    show_default=True,
)
@source_options
@store_options
@pass_settings
def graph_command(settings: Settings, target: str, style: str) -> None:
    """Draw the steps of a definition, or of a task with their states.

    A name is looked for in what --definitions, --app and --entry-points give; with
    none of them, it is a task's id.

    \b
    Examples:
      tasker graph checkout.yaml
      tasker graph checkout.yaml --format mermaid > checkout.mmd
      tasker graph last
    """
    picture = _picture(settings, target)
    if settings.json:
        print_json(as_json(picture))
    else:
        print(as_mermaid(picture) if style == "mermaid" else as_text(picture))


def _picture(settings: Settings, target: str) -> Picture:
    if is_file(target):
        definitions = _definitions(settings, (target,), here_alone=True)
        if len(definitions) > 1:
            raise click.UsageError(f"{target} holds several definitions; name a file")
        return picture_of_definition(definitions[0])
    if settings.definitions or settings.app or settings.entry_points:
        return picture_of_definition(_named(settings, target))
    return anyio.run(_task_picture, settings, target)


def _definitions(
    settings: Settings, places: tuple[str, ...], *, here_alone: bool = False
) -> list[Definition]:
    found = discover(
        places,
        app=None if here_alone else settings.app,
        entry_points=settings.entry_points and not here_alone,
        environment=settings.environment,
        check_handlers=False,
    )
    return [
        each.definition if isinstance(each, LoadedDefinition) else each.build() for each in found
    ]


def _named(settings: Settings, target: str) -> Definition:
    namespace, name, version = split_name(target)
    known = _definitions(settings, settings.definitions)
    found = [
        each
        for each in known
        if each.name == name
        and namespace in (None, each.namespace)
        and version in (None, each.version)
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.full_name for each in (found or known))
    told = "several definitions are called" if found else "no definition is called"
    raise click.UsageError(f"{told} {target!r}; there are {names}")


async def _task_picture(settings: Settings, target: str) -> Picture:
    async with connect(settings) as service:
        return picture_of_task(await service.get(await find_task(service, target)))
