"""Statistics as lines and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from tasker.cli.finding import SHORT
from tasker.cli.listing import WIDE
from tasker.cli.printing import clean, console, is_terminal, moment, seconds
from tasker.cli.steps import word
from tasker.cli.tables import GAP, LEAST_NAME, grid
from tasker.statistics.durations import Distribution
from tasker.statistics.figures import (
    Performance,
    Statistics,
    StepFigures,
    StepRun,
    TaskFigures,
    TaskRun,
)

Column = tuple[str, Callable[[Any], str]]

NOTHING = "-"
_PERCENTILES: tuple[Column, ...] = (
    ("p50", lambda run: length(run.p50_seconds)),
    ("p95", lambda run: length(run.p95_seconds)),
    ("p99", lambda run: length(run.p99_seconds)),
    ("longest", lambda run: length(run.max_seconds)),
)


def heading(told: Statistics) -> Iterator[str]:
    """Yield the lines that tell of the period, its tasks and its steps."""
    period = told.period
    if period.since is None:
        yield "period    no tasks"
        return
    yield f"period    {moment(period.since)} to {moment(period.until)}"
    yield from _task_lines(told.tasks)
    yield from _step_lines(told.steps)


def tables(told: Statistics) -> Iterator[tuple[str, Table]]:
    """Yield the tables that have a row, each with its title; the first column names."""
    one = told.definitions < 2

    def name(each: Any) -> str:
        return _step_name(each, brief=one)

    def run(column: Column) -> Column:
        return column[0], lambda each: column[1](each.run)

    found: list[tuple[str, Sequence[Any], tuple[Column, ...]]] = [
        (
            "definitions",
            () if one else told.by_definition,
            (
                ("definition", _definition),
                ("tasks", lambda each: count(each.created)),
                ("complete", lambda each: percent(each.completion_rate)),
                *map(run, _PERCENTILES),
            ),
        ),
        (
            "steps by time taken",
            told.by_step,
            (
                ("step", name),
                ("attempts", lambda each: count(each.attempts)),
                ("failed", lambda each: count(each.failed_attempts)),
                ("total", lambda each: length(each.run.total_seconds)),
                *map(run, _PERCENTILES[:3]),
                ("queued p95", lambda each: length(each.queue.p95_seconds)),
            ),
        ),
        (
            "slowest tasks",
            told.slowest_tasks,
            (
                ("task", _definition),
                ("id", _id),
                ("state", lambda each: word(each.state)),
                ("took", lambda each: length(each.run_seconds)),
                ("attempts", lambda each: count(each.attempts)),
            ),
        ),
        ("slowest steps", told.slowest_steps, _runs(name)),
        (
            "longest queue waits",
            [each for each in told.longest_waits if each.queue_seconds],
            _runs(name),
        ),
        (
            "errors",
            told.errors,
            (
                ("error", lambda each: clean(each.error_class)),
                ("attempts", lambda each: count(each.failed_attempts)),
                ("share", lambda each: percent(each.share)),
                ("permanent", lambda each: count(each.permanent)),
                ("tasks", lambda each: count(each.tasks)),
                ("latest", lambda each: task_id(each.latest_task_id)),
            ),
        ),
        (
            "what others waited for",
            told.blocking.blocking,
            (
                ("step", name),
                ("waits", lambda each: count(each.waits)),
                ("total", lambda each: length(each.total_seconds)),
                ("mean", lambda each: length(each.mean_seconds)),
                ("longest", lambda each: length(each.max_seconds)),
            ),
        ),
    ]
    for title, rows, columns in found:
        if rows:
            yield title, _table(rows, columns)


def trend(told: Performance) -> Table:
    """Return the table of the latest hours."""
    table = grid()
    table.add_column("")
    for window in told.windows:
        table.add_column(f"last {window.hours:g}h", justify="right")
    rows: list[Column] = [
        ("tasks created", lambda each: count(each.created)),
        ("tasks ended an hour", lambda each: rate(each.task_throughput_per_hour)),
        ("steps an hour", lambda each: rate(each.step_throughput_per_hour)),
        ("complete", lambda each: percent(each.completion_rate)),
        ("in error", lambda each: percent(each.error_rate)),
        ("mean task", lambda each: length(each.mean_task_seconds)),
        ("mean step", lambda each: length(each.mean_step_seconds)),
    ]
    for title, cell in rows:
        table.add_row(title, *(cell(window) for window in told.windows))
    return table


def count(value: int) -> str:
    """Return a whole number for people."""
    return f"{value:,}"


def percent(part: float | None) -> str:
    """Return a share, 0 to 1, in percent."""
    return NOTHING if part is None else f"{part * 100:.1f}%"


def rate(per_hour: float | None) -> str:
    """Return how many an hour."""
    return NOTHING if per_hour is None else f"{per_hour:,.1f}"


def length(value: float | None) -> str:
    """Return a length of time for people."""
    return NOTHING if value is None else seconds(value)


def task_id(whole: str) -> str:
    """Return a task's id, or its end where there is little room, which names it too."""
    return whole if not is_terminal() or console().width >= WIDE else whole[-SHORT:]


def _task_lines(tasks: TaskFigures) -> Iterator[str]:
    yield f"tasks     {count(tasks.created)} created: {_states(tasks.states)}"
    yield (
        f"          {percent(tasks.completion_rate)} complete and "
        f"{percent(tasks.error_rate)} in error of those at rest"
    )
    yield (
        f"          {rate(tasks.created_per_hour)} created and "
        f"{rate(tasks.throughput_per_hour)} ended an hour"
    )
    yield f"          took    {_distribution(tasks.run)}"


def _step_lines(steps: StepFigures) -> Iterator[str]:
    yield (
        f"steps     {count(steps.recorded)} in {count(steps.attempts)} attempts, "
        f"{count(steps.failed_attempts)} failed ({percent(steps.error_rate)})"
    )
    if steps.retried:
        yield f"          {count(steps.retried)} were retried, {count(steps.recovered)} came good"
    yield f"          ran     {_distribution(steps.run)}"
    yield f"          queued  {_distribution(steps.queue)}"


def _states(states: Mapping[Any, int]) -> str:
    return ", ".join(f"{count(number)} {word(state)}" for state, number in sorted(states.items()))


def _distribution(found: Distribution) -> str:
    return "  ".join(f"{title} {cell(found)}" for title, cell in _PERCENTILES)


def _runs(name: Callable[[StepRun], str]) -> tuple[Column, ...]:
    return (
        ("step", name),
        ("task", _id),
        ("state", lambda each: word(each.state)),
        ("attempts", lambda each: count(each.attempts)),
        ("queued", lambda each: length(each.queue_seconds)),
        ("ran", lambda each: length(each.run_seconds)),
    )


def _definition(each: Any) -> str:
    return clean(f"{each.namespace}.{each.name}@{each.version}")


def _step_name(each: Any, *, brief: bool) -> str:
    return clean(each.step) if brief else f"{_definition(each)} {clean(each.step)}"


def _id(each: TaskRun | StepRun) -> str:
    return task_id(each.task_id)


def _table(rows: Iterable[Any], columns: Sequence[Column]) -> Table:
    """Return a table of as many columns as have room; the name is cut before that."""
    cells = [[cell(row) for _, cell in columns] for row in rows]
    widths = [
        max(len(title), *(cell_len(row[at]) for row in cells))
        for at, (title, _) in enumerate(columns)
    ]
    shown, name = len(columns), widths[0]
    if is_terminal():
        room = console().width
        while shown > 1 and room - _taken(widths[1:shown]) < min(name, LEAST_NAME):
            shown -= 1
        name = min(name, max(1, room - _taken(widths[1:shown])))
    table = grid()
    for at, (title, _) in enumerate(columns[:shown]):
        first = at == 0
        table.add_column(
            title,
            justify="left" if first else "right",
            no_wrap=True,
            overflow="ellipsis",
            max_width=name if first else None,
        )
    for row in cells:
        table.add_row(*map(Text, row[:shown]))
    return table


def _taken(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * len(widths)
