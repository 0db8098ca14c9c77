"""Which steps an engine runs at this moment."""

from __future__ import annotations

from tasker.cli.finding import SHORT
from tasker.cli.printing import clean
from tasker.engine import Engine

MOST_NAMED = 5


def running_in_words(engine: Engine) -> str:
    """Return the steps that run, each with the end of its task's id; empty for none."""
    running = engine.running()
    named = [f"{clean(each.step)} of {each.task_id[-SHORT:]}" for each in running[:MOST_NAMED]]
    rest = len(running) - len(named)
    return ", ".join(named) + (f", and {rest} more" if rest else "")
