"""A list of tasks, with as many columns as the screen has room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from tasker.cli.finding import SHORT
from tasker.cli.printing import clean, console, is_terminal, moment, seconds, short_moment
from tasker.cli.steps import colour, glyph, word
from tasker.cli.tables import GAP, grid, widest
from tasker.task_view import TaskListing

WIDE = 120
"""Columns from which on the whole id, the priority and the tags are shown."""
LEAST_TAGS = 10


class _Layout(Struct, frozen=True):
    """Columns, how they are written, and what a definition's name needs beside them."""

    columns: tuple[str, ...]
    least_name: int
    is_id_whole: bool = False
    is_state_word: bool = True
    is_date_short: bool = True


# From wide to narrow; each tells a little less than the one before it.
_LAYOUTS = (
    _Layout(
        ("id", "task", "state", "created", "took", "prio", "tags"),
        24,
        is_id_whole=True,
        is_date_short=False,
    ),
    _Layout(("id", "task", "state", "created", "took"), 24, is_date_short=False),
    _Layout(("id", "task", "state", "created", "took"), 24),
    _Layout(("id", "task", "state", "created"), 24),
    _Layout(("id", "task", "state"), 16),
    _Layout(("id", "task"), 6, is_state_word=False),
    _Layout(("id",), 0),
)


def tasks_table(tasks: Sequence[TaskListing]) -> Table:
    """Return the table of the tasks; an id is whole, or its end, which names the task too."""
    now = datetime.now(UTC)
    layout, name = _fitting(tasks, now)
    table = grid()
    for column in layout.columns:
        table.add_column(
            column,
            justify="right" if column in ("took", "prio") else "left",
            overflow="ellipsis",
            no_wrap=True,
            max_width=name if column == "task" else None,
        )
    for task in tasks:
        table.add_row(*(_CELLS[column](task, layout, now) for column in layout.columns))
    return table


def _fitting(tasks: Sequence[TaskListing], now: datetime) -> tuple[_Layout, int | None]:
    """Return the first layout that leaves the names enough room, and how much that is."""
    if not is_terminal():
        return _LAYOUTS[0], None
    width = console().width
    for layout in _LAYOUTS[0 if width >= WIDE else 1 :]:
        widths = {
            column: widest([column, *(_CELLS[column](task, layout, now).plain for task in tasks)])
            for column in layout.columns
        }
        name = widths.pop("task", 0)
        if "tags" in widths:
            widths["tags"] = min(widths["tags"], LEAST_TAGS)
        room = width - sum(widths.values()) - GAP * (len(layout.columns) - 1)
        if room >= min(name, layout.least_name):
            return layout, max(room, 1)
    return _LAYOUTS[-1], None


def _id(task: TaskListing, layout: _Layout, now: datetime) -> Text:
    return Text(task.task_id if layout.is_id_whole else task.task_id[-SHORT:])


def _task(task: TaskListing, layout: _Layout, now: datetime) -> Text:
    name = Text(clean(f"{task.namespace}.{task.name}@{task.version}"))
    if layout.is_state_word:
        return name
    return Text(f"{glyph(task.state)} ", style=colour(task.state)).append_text(name)


def _state(task: TaskListing, layout: _Layout, now: datetime) -> Text:
    return Text(f"{glyph(task.state)} {word(task.state)}", style=colour(task.state))


def _created(task: TaskListing, layout: _Layout, now: datetime) -> Text:
    written = short_moment if layout.is_date_short else moment
    return Text(written(task.created_at), style="bright_black")


def _took(task: TaskListing, layout: _Layout, now: datetime) -> Text:
    if task.started_at is None:
        return Text("-")
    return Text(seconds(max(0.0, ((task.ended_at or now) - task.started_at).total_seconds())))


def _prio(task: TaskListing, layout: _Layout, now: datetime) -> Text:
    return Text(str(task.priority))


def _tags(task: TaskListing, layout: _Layout, now: datetime) -> Text:
    return Text(clean(", ".join(task.tags)))


_CELLS: dict[str, Callable[[TaskListing, _Layout, datetime], Text]] = {
    "id": _id,
    "task": _task,
    "state": _state,
    "created": _created,
    "took": _took,
    "prio": _prio,
    "tags": _tags,
}
