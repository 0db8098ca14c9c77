"""``tasker audit``: who did what."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import anyio
import click
from msgspec.structs import replace
from rich.text import Text

from tasker.cli.filters import since_options
from tasker.cli.finding import SHORT, find_task
from tasker.cli.printing import clean, is_narrow, moment, note, print_json, print_table
from tasker.cli.service import connect
from tasker.cli.settings import Settings, pass_settings, store_options
from tasker.cli.tables import grid
from tasker.reading import MOST_PER_PAGE, Action, ActionPage, AuditQuery


@click.command("audit", short_help="Tell who did what.")
@click.option("--by", metavar="NAME", help="Who did it.")
@click.option("--operation", metavar="NAME", help="What: create, cancel, retry, and so on.")
@click.option("--task", metavar="TASK_ID", help="With which task.")
@click.option("--namespace", "-n", metavar="NAME", help="With tasks of which namespace.")
@since_options("at_from", "at_until", "Done")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_PER_PAGE),
    default=50,
    show_default=True,
    metavar="N",
    help="Actions on a page.",
)
@click.option("--cursor", metavar="CURSOR", help="Where the page before this one ended.")
@store_options
@pass_settings
def audit_command(
    settings: Settings, /, task: str | None, limit: int, cursor: str | None, **where: Any
) -> None:
    """Tell who asked for what, newest first; what was refused is in the server's log.

    An action is kept with what it changed. It has somebody's name when one was given: by
    --by, or by a server, which knows who asks.

    \b
    Examples:
      tasker audit --since 1d
      tasker audit --by ann --operation cancel
      tasker audit --task last --json
    """
    page = anyio.run(_read, settings, task, AuditQuery(**where), cursor, limit)
    if settings.json:
        print_json(page)
        return
    if page.actions:
        _print(page.actions)
    else:
        note("nobody did anything that matches")
    if page.next_cursor is not None:
        note(f"more with: tasker audit … --cursor {shlex.quote(page.next_cursor)}")


async def _read(
    settings: Settings, task: str | None, where: AuditQuery, cursor: str | None, limit: int
) -> ActionPage:
    async with connect(settings) as service:
        if task is not None:
            where = replace(where, task_id=await find_task(service, task))
        return await service.audit(where, cursor=cursor, limit=limit)


def _print(actions: Sequence[Action]) -> None:
    table = grid()
    for title in ("when", "who", "did", "task", "why"):
        table.add_column(title, overflow="fold")
    for each in actions:
        task_id = each.task_id[-SHORT:] if is_narrow() else each.task_id
        did = each.operation if each.step is None else f"{each.operation} {each.step}"
        table.add_row(
            Text(moment(each.at)),
            Text(clean(each.by)),
            Text(clean(did)),
            Text(clean(f"{task_id} {each.namespace}.{each.name}")),
            Text(clean(each.reason or "")),
        )
    print_table(table)
