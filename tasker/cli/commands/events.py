"""``tasker events``: the events there are, and what is in each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click
import msgspec
from rich.text import Text

from tasker.cli.exits import Exit
from tasker.cli.printing import clean, note, print_json, print_table
from tasker.cli.requests import load_sources
from tasker.cli.settings import Settings, output_options, pass_settings, source_options
from tasker.cli.tables import grid
from tasker.events.former import FORMER
from tasker.events.known import CATEGORIES, EventCatalog, EventInfo


@click.command("events", short_help="List the events there are, or explain one.")
@click.argument("name", required=False)
@click.option(
    "--category", "-c", type=click.Choice(CATEGORIES), help="Only those of this category."
)
@click.option("--search", metavar="TEXT", help="Only those with this text in name or description.")
@source_options
@output_options
@pass_settings
def events_command(
    settings: Settings, name: str | None, category: str | None, search: str | None
) -> int:
    """List the events there are, or explain one: its fields, and an example.

    NAME is an event's name, or a namespace. With --definitions, --app or
    --entry-points also those that definitions declare.

    \b
    Examples:
      tasker events
      tasker events step.failed
      tasker events --search retry
      tasker events --definitions workflows/ --category custom --json
    """
    catalog = _catalog(settings)
    info = None if name is None else catalog.event_info(name)
    if info is not None:
        if settings.json:
            print_json(info)
        else:
            _explain(info)
        return Exit.OK
    found: Iterable[EventInfo] = (
        catalog.search(search) if search is not None else catalog.catalog().values()
    )
    listed = [each for each in found if category is None or each.category == category]
    if name is not None:
        listed = [each for each in listed if each.name.startswith(f"{name}.")]
        if not listed:
            raise click.UsageError(_unknown(name))
    if settings.json:
        print_json({"events": listed})
    elif listed:
        _list(listed)
    else:
        note("no events match")
    return Exit.OK


def _catalog(settings: Settings) -> EventCatalog:
    if not (settings.definitions or settings.app or settings.entry_points):
        return EventCatalog()
    from tasker.sources import bind_sources

    bound = bind_sources(load_sources(settings), environment=settings.environment)
    declared = [event for each in bound for event in each.declared_events()]
    return EventCatalog(lambda: declared)


def _unknown(name: str) -> str:
    now, why = FORMER.get(name, (None, ""))
    if why:
        return f"there is no event {name!r}: {why}" + (f"; see {now}" if now else "")
    return f"there is no event {name!r}; `tasker events` lists them, --search looks for a word"


def _list(events: Iterable[EventInfo]) -> None:
    table = grid()
    table.add_column("event")
    table.add_column("tells", overflow="fold")
    for event in events:
        table.add_row(Text(clean(event.name)), Text(clean(_first_line(event))))
    print_table(table)


def _first_line(event: EventInfo) -> str:
    return event.description.partition("\n")[0].replace("``", "")


def _explain(event: EventInfo) -> None:
    print(f"{clean(event.name)}  ({event.category})")
    if event.description:
        print(clean(event.description.replace("``", ""), keep="\n"))
    for place in event.fired_by:
        print(f"declared by {clean(place)}")
    print()
    table = grid()
    for title in ("field", "type", "holds"):
        table.add_column(title, overflow="fold")
    for field in event.fields:
        table.add_row(Text(field.name), Text(field.type), Text(field.description))
    print_table(table)
    print()
    print(_pretty(event.example))


def _pretty(example: Mapping[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(example)).decode()
