"""``tasker bench``: how many tasks of a definition a second, and what limits it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import anyio
import click

from tasker.bench.measure import CONCURRENCY, measure_request
from tasker.cli.exits import Exit
from tasker.cli.logs import engine_logs
from tasker.cli.printing import clean, note, print_json
from tasker.cli.requests import make_request, request_options
from tasker.cli.settings import Settings, pass_settings, source_options, store_options


@click.command("bench", short_help="Measure a definition, and say what limits it.")
@click.argument("target", metavar="NAME|FILE")
@request_options
@click.option(
    "--concurrency",
    "-j",
    "levels",
    type=click.IntRange(min=1),
    multiple=True,
    default=CONCURRENCY,
    show_default=True,
    metavar="N",
    help="Tasks in flight to try. Repeatable.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to try each.",
)
@source_options
@store_options
@pass_settings
def bench_command(
    settings: Settings, /, target: str, levels: tuple[int, ...], seconds: float, **fields: Any
) -> int:
    """Run tasks of a definition for some seconds, and tell how many a second it does.

    Its handlers run for real, as often as it takes: what they charge, send and delete
    is charged, sent and deleted. The last line says what limits it: the event loop,
    the store, permits, or the handlers.

    The tasks are kept in a SQLite file in the temporary directory, removed afterwards;
    or where --store says, and there they stay.

    \b
    Examples:
      tasker bench checkout.yaml --context '{"order": 7}'
      tasker bench checkout.yaml -j 1 -j 100 -j 1000 --seconds 10
      tasker bench report --app shop.workflows:report --store sqlite:////data/bench.db

    Exit codes: 0 measured, 1 some tasks did not complete, 2 usage.
    """
    settings.need_store("tasks are measured in this process")
    request, sources = make_request(target, settings, **fields)
    with _store(settings) as url, engine_logs(settings):
        report = anyio.run(
            partial(measure_request, request, sources, url, concurrency=levels, seconds=seconds)
        )
    if settings.json:
        print_json(report)
    else:
        print(clean(report.text(), keep="\n"))
    failed = sum(level.load.failed for level in report.levels)
    if failed:
        note(f"{failed} tasks did not complete")
        return Exit.ERROR
    return Exit.OK


@contextmanager
def _store(settings: Settings) -> Iterator[str]:
    """Yield the store of --store, else one that is removed afterwards.

    The variable is left alone: it names the store that people work with.
    """
    if settings.store is not None:
        yield settings.store
        return
    with tempfile.TemporaryDirectory(prefix="tasker-bench-") as folder:
        yield f"sqlite:///{folder}/bench.db"
