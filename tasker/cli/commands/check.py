"""``tasker check``: everything that is wrong in definitions, before the first task."""

from __future__ import annotations

import click

from tasker.cli.exits import Exit
from tasker.cli.printing import clean, note, print_json
from tasker.cli.settings import Settings, output_options, pass_settings, source_options
from tasker.definitions.definition import Definition
from tasker.definitions.loaded import LoadedDefinition
from tasker.discovery import discover
from tasker.errors import DefinitionError, Problem
from tasker.sources import bind_sources


@click.command("check", short_help="Check definitions and report every problem.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--no-handlers", is_flag=True, help="Do not import the handlers.")
@source_options
@output_options
@pass_settings
def check_command(settings: Settings, paths: tuple[str, ...], no_handlers: bool) -> int:
    """Check definitions, and report every problem: one line each, with file and line.

    PATH is a YAML file, or a directory of them. Handlers are imported from the
    current directory and from what is installed.

    \b
    Examples:
      tasker check workflows/
      tasker check --app shop.workflows:all
    """
    places = (*paths, *settings.definitions)
    if not (places or settings.app or settings.entry_points):
        raise click.UsageError("what is to be checked? Give a PATH, --app or --entry-points")
    definitions: list[Definition] = []
    problems: tuple[Problem, ...] = ()
    try:
        definitions = _load(settings, places, handlers=not no_handlers)
    except DefinitionError as error:
        problems = error.problems
    if settings.json:
        names = [each.full_name for each in definitions]
        print_json({"definitions": names, "problems": problems})
        return Exit.ERROR if problems else Exit.OK
    for problem in problems:
        print(clean(str(problem)))
    if problems:
        note(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}")
        return Exit.ERROR
    for each in definitions:
        count = len(each.steps)
        print(clean(f"{each.full_name}: {count} step{'s' if count != 1 else ''}, no problems"))
    return Exit.OK


def _load(settings: Settings, places: tuple[str, ...], *, handlers: bool) -> list[Definition]:
    if handlers:
        bound = bind_sources(
            places,
            environment=settings.environment,
            app=settings.app,
            entry_points=settings.entry_points,
        )
        return [each.definition for each in bound]
    found = discover(
        places,
        environment=settings.environment,
        app=settings.app,
        entry_points=settings.entry_points,
        check_handlers=False,
    )
    return [
        each.definition if isinstance(each, LoadedDefinition) else each.build() for each in found
    ]
