"""``tasker stats``: how many, how long, what failed, what others waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import click
from rich.text import Text

from tasker.cli.figures import heading, tables, trend
from tasker.cli.filters import (
    created_options,
    definition_options,
    initiator_option,
    tag_option,
)
from tasker.cli.inputs import LengthType
from tasker.cli.printing import console, note, print_json, print_table
from tasker.cli.service import connect
from tasker.cli.settings import Settings, pass_settings, store_options
from tasker.reading import TaskQuery
from tasker.statistics.figures import Performance, Statistics


@click.command("stats", short_help="Tell figures: rates, times, errors.")
@definition_options
@tag_option
@initiator_option
@click.option(
    "--period",
    type=LengthType(),
    metavar="LENGTH",
    help="Created in the latest 90s, 15m, 24h, 7d; or in that long before --until.",
)
@created_options
@click.option(
    "--top",
    type=click.IntRange(1, 1_000),
    default=10,
    show_default=True,
    metavar="N",
    help="Rows of each table.",
)
@click.option(
    "--trend", "is_trend", is_flag=True, help="The last hour, four hours and day instead."
)
@store_options
@pass_settings
def stats_command(
    settings: Settings, /, period: timedelta | None, top: int, is_trend: bool, **where: Any
) -> None:
    """Tell figures of the tasks that were created in a period; of all without one.

    Every figure is measured. Times are those of the latest attempt: queued is the wait
    for its start, ran what it took. What others waited for is told by the total.

    \b
    Examples:
      tasker stats --period 24h
      tasker stats --name checkout --since 2026-03-01 --until 2026-03-02 --json
      tasker stats --trend
    """
    since, until = where["created_from"], where["created_until"]
    if is_trend and (period or since or until):
        raise click.UsageError("--trend has periods of its own; leave --period and the like out")
    if period is not None and since is not None:
        raise click.UsageError("--period and --since both say where the period begins; give one")
    if period is not None:
        where["created_from"] = (until or datetime.now(UTC)) - period
    query = TaskQuery(**where)
    if is_trend:
        _print_trend(settings, anyio.run(_performance, settings, query))
    else:
        _print(settings, anyio.run(_statistics, settings, query, top))


async def _statistics(settings: Settings, query: TaskQuery, top: int) -> Statistics:
    async with connect(settings) as service:
        return await service.statistics(query, top=top)


async def _performance(settings: Settings, query: TaskQuery) -> Performance:
    async with connect(settings) as service:
        return await service.performance(query)


def _print(settings: Settings, told: Statistics) -> None:
    if settings.json:
        print_json(told)
        return
    if not told.tasks.created:
        note("no tasks match")
        return
    for line in heading(told):
        console().print(Text(line), soft_wrap=True)
    for title, table in tables(told):
        console().print(Text(f"\n{title}", style="bold"))
        print_table(table)


def _print_trend(settings: Settings, told: Performance) -> None:
    if settings.json:
        print_json(told)
        return
    console().print(
        Text(
            f"{_many(told.active_tasks, 'task')} active, {_many(told.namespaces, 'namespace')}, "
            f"{_many(told.definitions, 'definition')} in use, health {told.health_score:.3f}\n"
        ),
        soft_wrap=True,
    )
    print_table(trend(told))


def _many(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
