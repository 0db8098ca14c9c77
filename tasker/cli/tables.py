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
    """Return the table of a task's steps; the level is named on its first row.

    On a narrow screen it has fewer columns, see `_columns`.
    """
    columns, names, notes = _columns(rows)
    table = grid()
    for column in columns:
        right = column in ("level", "time")
        title = "" if column == "note" else column
        table.add_column(title, justify="right" if right else "left", no_wrap=True)
    previous = 0
    for row in rows:
        style = colour(row.look)
        name = Text(f"{glyph(row.look, turning=turning)} ", style=style)
        name.append(row.name, style="default" if row.look != "not run" else style)
        name.truncate(names, overflow="ellipsis")
        cells = {
            "level": Text(str(row.level) if row.level != previous else "", style="bright_black"),
            "step": name,
            "state": Text(word(row.look), style=style),
            "try": Text(row.attempts),
            "time": Text(row.time),
            "note": _cut(row.note, notes, style="red" if row.look == "error" else "default"),
        }
        table.add_row(*(cells[column] for column in columns))
        previous = row.level
    return table


def _columns(rows: Sequence[Row]) -> tuple[list[str], int, int]:
    """Return the columns that have room, and how wide names and notes may be.

    Chosen here, as rich would take from all columns alike. What tells least goes
    first: the level, the time, the note (an error is told below the table), the
    attempts, and the state, of which its sign stays.
    """
    columns = ["level", "step", "state", "try", "time", "note"]
    if not is_terminal():
        return columns, PIPE_WIDTH, PIPE_WIDTH
    fixed = {
        "level": len("level"),
        "state": widest(["state", *(word(row.look) for row in rows)]),
        "try": widest(["try", *(row.attempts for row in rows)]),
        "time": widest(["time", *(row.time for row in rows)]),
    }
    name = len("○ ") + widest(row.name for row in rows)
    note = widest(row.note for row in rows)

    def room() -> int:
        """Return what is left for names and notes."""
        taken = sum(fixed.get(column, 0) for column in columns)
        return console().width - taken - GAP * (len(columns) - 1)

    for column in ("level", "time", "note", "try", "state"):
        least_note = min(note, LEAST_NOTE) if "note" in columns else 0
        if room() >= min(name, LEAST_NAME) + least_note:
            break
        columns.remove(column)
    least_note = min(note, LEAST_NOTE) if "note" in columns else 0
    name = min(name, max(LEAST_NAME, room() - least_note))
    return columns, name, max(room() - name, 1)


def widest(cells: Iterable[str]) -> int:
    """Return how many columns of the screen the widest of the texts takes."""
    return max(map(cell_len, cells), default=0)


def _cut(text: str, room: int, *, style: str) -> Text:
    found = Text(text, style=style)
    found.truncate(room, overflow="ellipsis")
    return found


def heading(view: TaskView, now: datetime) -> Text:
    """Return a task's line: what it is, its state, how far, how long."""
    status = view.status
    line = Text(overflow="fold")
    line.append(f"{glyph(view.state)} ", style=colour(view.state))
    line.append(f"{clean(view.namespace)}.{clean(view.name)}", style="bold")
    line.append(f"@{clean(view.version)}  ", style="bright_black")
    line.append(word(view.state), style=colour(view.state))
    line.append(
        f"  {status.completed_steps}/{status.total_steps} steps  {seconds(elapsed(view, now))}"
    )
    return line
