"""The history of a task, as a table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from tasker.cli.printing import clean, console, is_narrow, print_table
from tasker.cli.progress import happening
from tasker.cli.tables import grid
from tasker.reading import HistoryEntry
from tasker.task_view import TaskView


def print_history(entries: Iterable[HistoryEntry], view: TaskView, *, limit: int | None) -> None:
    """Print every transition; ``limit`` is that of an error's message, None for no limit.

    A narrow screen has the time of day alone, to the second.
    """
    console().print(Text("history", style="bold"))
    table = grid()
    table.show_header = False
    with_days = not is_narrow()
    for _ in range(3 if with_days else 2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for entry in entries:
        at = entry.at.astimezone()
        day = Text(f"  {at:%Y-%m-%d}", style="bright_black")
        time = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}" if with_days else f"  {at:%H:%M:%S}"
        told = happening(entry, view, limit=limit)
        what = told or f"{entry.from_state or 'new'} → {entry.to_state}"
        cells = [Text(time), Text(clean(entry.step or "task")), Text(what)]
        table.add_row(*([day] if with_days else []), *cells)
    print_table(table)
