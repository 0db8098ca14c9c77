"""``tasker list``: tasks by state, name, tag, time."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Any

import anyio
import click
from rich.text import Text

from tasker.cli.finding import SHORT
from tasker.cli.inputs import InstantType
from tasker.cli.printing import (
    clean,
    console,
    is_terminal,
    moment,
    note,
    print_json,
    print_table,
    seconds,
)
from tasker.cli.service import connect
from tasker.cli.settings import Settings, pass_settings, store_options
from tasker.cli.steps import colour, glyph, word
from tasker.cli.tables import grid
from tasker.reading import MOST_PER_PAGE, TaskQuery
from tasker.stores.records import TaskState
from tasker.task_view import TaskListing, TaskListPage

WIDE = 120
"""Columns from which on the whole id, the priority and the tags are shown."""


@click.command("list", short_help="List tasks, newest first.")
@click.option("--namespace", "-n", metavar="NAME")
@click.option("--name", metavar="NAME", help="The definition's name.")
@click.option("--version", metavar="VERSION", help="The definition's version.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in TaskState]),
    help="Any of these. Repeatable.",
)
@click.option("--tag", "-t", "tags", multiple=True, metavar="TAG", help="All of these. Repeatable.")
@click.option(
    "--since",
    "created_from",
    type=InstantType(),
    metavar="TIME",
    help="Created from then on: 2026-03-01, 2026-03-01T12:30, or 2h for two hours ago.",
)
@click.option(
    "--until", "created_until", type=InstantType(), metavar="TIME", help="Created before then."
)
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

    \b
    Examples:
      tasker list --state error --since 1d
      tasker list --name checkout --tag night --json
      tasker list --count
    """
    query = TaskQuery(**where)
    if count:
        counts = anyio.run(_count, settings, query)
        _print_counts(settings, counts)
        return
    page = anyio.run(_list, settings, query, cursor, limit)
    if settings.json:
        print_json(page)
        return
    if page.tasks:
        _print_tasks(page.tasks)
    else:
        note("no tasks match" if where != _NOTHING else "there are no tasks yet")
    if page.next_cursor is not None:
        note(f"more with: tasker list … --cursor {shlex.quote(page.next_cursor)}")


_NOTHING = {
    "namespace": None,
    "name": None,
    "version": None,
    "states": (),
    "tags": (),
    "created_from": None,
    "created_until": None,
    "annotation": None,
}


async def _list(
    settings: Settings, query: TaskQuery, cursor: str | None, limit: int
) -> TaskListPage:
    async with connect(settings) as service:
        return await service.list_tasks(query, cursor=cursor, limit=limit)


async def _count(settings: Settings, query: TaskQuery) -> dict[TaskState, int]:
    async with connect(settings) as service:
        return await service.count_tasks(query)


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


def _print_tasks(tasks: tuple[TaskListing, ...]) -> None:
    is_wide = not is_terminal() or console().width >= WIDE
    now = datetime.now(UTC)
    table = grid()
    table.add_column("id", no_wrap=True)
    table.add_column("task", overflow="ellipsis", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("created", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    if is_wide:
        table.add_column("prio", justify="right", no_wrap=True)
        table.add_column("tags", overflow="ellipsis", no_wrap=True)
    for task in tasks:
        cells = [
            Text(task.task_id if is_wide else task.task_id[-SHORT:]),
            Text(clean(f"{task.namespace}.{task.name}@{task.version}")),
            Text(f"{glyph(task.state)} {word(task.state)}", style=colour(task.state)),
            Text(moment(task.created_at), style="bright_black"),
            Text(_took(task, now)),
        ]
        if is_wide:
            cells += [Text(str(task.priority)), Text(clean(", ".join(task.tags)))]
        table.add_row(*cells)
    print_table(table)


def _took(task: TaskListing, now: datetime) -> str:
    if task.started_at is None:
        return "-"
    return seconds(max(0.0, ((task.ended_at or now) - task.started_at).total_seconds()))
