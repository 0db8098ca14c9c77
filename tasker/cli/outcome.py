"""How a task ended, for people."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from rich.text import Text

from tasker.cli.hiding import Hide, hidden
from tasker.cli.printing import brief, clean, console, is_terminal, print_table
from tasker.cli.steps import colour, error_text, glyph, rows
from tasker.cli.tables import heading, steps_table
from tasker.stores.records import TaskState
from tasker.task_view import TaskView

LONGEST_RESULT = 500
"""Characters of a result where lines may be long."""
MOST_RESULTS = 20


def print_outcome(view: TaskView) -> None:
    """Print a finished task: its state, results and errors."""
    print_state(view)
    print_results(view)
    print_errors(view)


def print_state(view: TaskView) -> None:
    """Print a task's line and, on a screen, its steps; in pipes they were told one by one."""
    now = datetime.now(UTC)
    out = console()
    out.print(heading(view, now))
    if is_terminal():
        out.print(Text(view.task_id, style="bright_black"), soft_wrap=True)
        print_table(steps_table(rows(view, now)))


def print_results(view: TaskView, hide: Hide = hidden) -> None:
    """Print what the steps returned, one line each."""
    results = {name: result for name, result in view.results.items() if result is not None}
    if not results:
        return
    out = console()
    out.print(Text("results", style="bold"))
    width = max(map(len, results))
    room = out.width - width - 4 if is_terminal() else LONGEST_RESULT
    for name, result in list(results.items())[:MOST_RESULTS]:
        line = Text(f"  {clean(name):{width}}  ", no_wrap=True, overflow="crop")
        out.print(line.append(brief(hide(result), max(20, room))))
    if len(results) > MOST_RESULTS:
        out.print(f"  and {len(results) - MOST_RESULTS} more; --json has all")


def print_errors(view: TaskView) -> None:
    """Print why steps failed, and what can be done about it."""
    if not view.errors:
        return
    out = console()
    out.print(Text("errors", style="bold"))
    for name, error in view.errors.items():
        step = view.step(name)
        line = Text("  ")
        line.append(f"{glyph('error')} ", style=colour("error"))
        shown, whole = error_text(error), error_text(error, None)
        line.append(f"{clean(name)}  ", style="bold").append(shown)
        line.append(f" (attempt {step.attempts})", style="bright_black")
        out.print(line)
        if shown != whole:
            command = f"tasker show {view.task_id} --step {shlex.quote(name)}"
            out.print(Text(f"    in full: {command}", style="bright_black"), soft_wrap=True)
    if view.state is TaskState.ERROR and is_terminal():
        out.print(
            Text(
                f"\nwhere it failed: tasker show {view.task_id} --verbose\n"
                f"try again:       tasker retry {view.task_id}",
                style="bright_black",
            ),
            soft_wrap=True,
        )
