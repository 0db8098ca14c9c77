"""Tasks and steps as rich tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from tasker.cli.printing import PIPE_WIDTH, clean, console, is_terminal, seconds
from tasker.cli.steps import Row, colour, elapsed, glyph, word
from tasker.task_view import TaskView

GAP = 2
LEAST_NAME = 16
LEAST_NOTE = 24


def grid() -> Table:
    """Return a table without lines, as tight as columns can be read."""
    return Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")


def steps_table(rows: Sequence[Row], *, turning: bool = False) -> Table:
    """Return the table of a task's steps; the level is named on its first row."""
    names, notes = _widths(rows)
    table = grid()
    table.add_column("level", justify="right", no_wrap=True)
    table.add_column("step", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("try", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    previous = 0
    for row in rows:
        style = colour(row.look)
        name = Text(f"{glyph(row.look, turning=turning)} ", style=style)
        name.append(row.name, style="default" if row.look != "not run" else style)
        name.truncate(names, overflow="ellipsis")
        table.add_row(
            Text(str(row.level) if row.level != previous else "", style="bright_black"),
            name,
            Text(word(row.look), style=style),
            Text(row.attempts),
            Text(row.time),
            _cut(row.note, notes, style="red" if row.look == "error" else "default"),
        )
        previous = row.level
    return table


def _widths(rows: Sequence[Row]) -> tuple[int, int]:
    """Return how wide names and notes may be: rich would take from all columns alike."""
    if not is_terminal():
        return PIPE_WIDTH, PIPE_WIDTH

    def widest(cells: Iterable[str]) -> int:
        return max(map(cell_len, cells), default=0)

    taken = len("level") + 5 * GAP
    taken += widest(word(row.look) for row in rows)
    taken += widest(["try", *(row.attempts for row in rows)])
    taken += widest(["time", *(row.time for row in rows)])
    room = console().width - taken
    name = len("○ ") + widest(row.name for row in rows)
    note = widest(row.note for row in rows)
    name = min(name, max(LEAST_NAME, room - min(note, LEAST_NOTE)))
    return name, max(room - name, 1)


def _cut(text: str, room: int, *, style: str) -> Text:
    found = Text(text, style=style)
    found.truncate(room, overflow="ellipsis")
    return found


def heading(view: TaskView, now: datetime) -> Text:
    """Return a task's line: what it is, its state, how far, how long."""
    status = view.status
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{glyph(view.state)} ", style=colour(view.state))
    line.append(f"{clean(view.namespace)}.{clean(view.name)}", style="bold")
    line.append(f"@{clean(view.version)}  ", style="bright_black")
    line.append(word(view.state), style=colour(view.state))
    line.append(
        f"  {status.completed_steps}/{status.total_steps} steps  {seconds(elapsed(view, now))}"
    )
    return line
