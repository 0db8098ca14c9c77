"""``tasker handlers``: what tasks can be made of."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import click
from rich.text import Text

from tasker.cli.printing import clean, note, print_json, print_table
from tasker.cli.settings import Settings, pass_settings, source_options, store_options
from tasker.cli.tables import grid
from tasker.cli.targets import definitions_of
from tasker.definitions.definition import Definition
from tasker.server.shapes.handlers import HandlerSummary


@click.command("handlers", short_help="List what tasks can be made of.")
@click.argument("namespace", required=False)
@source_options
@store_options
@pass_settings
def handlers_command(settings: Settings, namespace: str | None) -> None:
    """List the definitions that tasks can be made of, each with its versions.

    Those that --definitions, --app and --entry-points give; with none of them, those of a
    server. `graph` and `analyze` show one.

    \b
    Examples:
      tasker handlers --definitions workflows/
      tasker handlers shop --server http://127.0.0.1:8080/tasker --json
    """
    if settings.definitions or settings.app or settings.entry_points:
        found = _summaries(definitions_of(settings), namespace)
    elif settings.server_url is not None:
        found = anyio.run(_served, settings.server_url, namespace)
    else:
        raise click.UsageError(
            "where are the definitions? Give --definitions, --app or --entry-points, or a server "
            "with --server"
        )
    if settings.json:
        print_json({"handlers": found})
    elif found:
        _print(found)
    else:
        note("there are no definitions" + (f" in {namespace}" if namespace else ""))


def _summaries(definitions: Sequence[Definition], namespace: str | None) -> list[HandlerSummary]:
    by_name: dict[tuple[str, str], list[Definition]] = {}
    for each in definitions:
        if namespace in (None, each.namespace):
            by_name.setdefault((each.namespace, each.name), []).append(each)
    return [HandlerSummary.of(by_name[key]) for key in sorted(by_name)]


async def _served(url: str, namespace: str | None) -> list[HandlerSummary]:
    from tasker.cli.served import Served

    async with Served(url) as client:
        known = [each.name for each in await client.namespaces()]
        names = [each for each in known if namespace in (None, each)]
        found = [each for name in names for each in await client.handlers(name)]
    return sorted(found, key=lambda each: (each.namespace, each.name))


def _print(found: Sequence[HandlerSummary]) -> None:
    table = grid()
    for title in ("definition", "versions", "steps", "description"):
        table.add_column(title, justify="right" if title == "steps" else "left", overflow="fold")
    for each in found:
        table.add_row(
            Text(clean(f"{each.namespace}.{each.name}")),
            Text(clean(", ".join(each.versions))),
            Text(str(each.step_count)),
            Text(clean(each.description)),
        )
    print_table(table)
