"""``tasker list``: tasks by state, name, tag, time."""

from __future__ import annotations

import shlex
from typing import Any

import anyio
import click
from msgspec import Struct
from rich.text import Text

from tasker.cli.filters import (
    created_options,
    definition_options,
    initiator_option,
    tag_option,
)
from tasker.cli.hints import WAITING, Worker, anything_waits, note_unworked, worker_of
from tasker.cli.listing import tasks_table
from tasker.cli.printing import note, print_json, print_table
from tasker.cli.service import connect
from tasker.cli.settings import Settings, pass_settings, store_options
from tasker.cli.steps import colour, glyph, word
from tasker.cli.tables import grid
from tasker.reading import MOST_PER_PAGE, TaskQuery
from tasker.stores.records import TaskState
from tasker.task_view import TaskListPage


class Listed(Struct, frozen=True, kw_only=True):
    """A page, who works the store, and whether anything in it waits for a worker."""

    page: TaskListPage
    worker: Worker | None
    waits: bool


@click.command("list", short_help="List tasks, newest first.")
@definition_options
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in TaskState]),
    help="Any of these. Repeatable.",
)
@tag_option
@initiator_option
@created_options
@click.option(
    "--annotation",
    nargs=3,
    default=None,
    metavar="TYPE KEY VALUE",
    help="With an annotation of the type that has the value under the key.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_PER_PAGE),
    default=50,
    show_default=True,
    metavar="N",
    help="Tasks on a page.",
)
@click.option("--cursor", metavar="CURSOR", help="Where the page before this one ended.")
@click.option("--count", is_flag=True, help="Count the tasks in each state instead.")
@store_options
@pass_settings
def list_command(
    settings: Settings, /, limit: int, cursor: str | None, count: bool, **where: Any
) -> None:
    """List tasks, newest first.

    On a narrow screen only the end of each id is shown; it is enough to name the task.
    What has no room is left out.

    \b
    Examples:
      tasker list --state error --since 1d
      tasker list --name checkout --tag night --json
      tasker list --count
    """
    query = TaskQuery(**where)
    if count:
        counts, worker = anyio.run(_count, settings, query)
        _print_counts(settings, counts)
        if worker is None and counts.keys() & set(WAITING) and not settings.json:
            note_unworked(settings)
        return
    listed = anyio.run(_list, settings, query, cursor, limit)
    page = listed.page
    if settings.json:
        print_json({"tasks": page.tasks, "next_cursor": page.next_cursor, "worker": listed.worker})
        return
    if page.tasks:
        print_table(tasks_table(page.tasks))
    else:
        note("no tasks match" if query != TaskQuery() else "there are no tasks yet")
    if page.next_cursor is not None:
        note(f"more with: tasker list … --cursor {shlex.quote(page.next_cursor)}")
    if listed.waits and listed.worker is None:
        note_unworked(settings)


async def _list(settings: Settings, query: TaskQuery, cursor: str | None, limit: int) -> Listed:
    async with connect(settings) as service:
        page = await service.list_tasks(query, cursor=cursor, limit=limit)
        worker = await worker_of(service)
        waits = worker is None and await anything_waits(service, (t.state for t in page.tasks))
    return Listed(page=page, worker=worker, waits=waits)


async def _count(
    settings: Settings, query: TaskQuery
) -> tuple[dict[TaskState, int], Worker | None]:
    async with connect(settings) as service:
        return await service.count_tasks(query), await worker_of(service)


def _print_counts(settings: Settings, counts: dict[TaskState, int]) -> None:
    if settings.json:
        print_json({state.value: counts.get(state, 0) for state in TaskState})
        return
    table = grid()
    table.add_column("state")
    table.add_column("tasks", justify="right")
    for state in TaskState:
        if state in counts:
            sign = Text(f"{glyph(state)} {word(state)}", style=colour(state))
            table.add_row(sign, Text(f"{counts[state]:,}"))
    print_table(table)
