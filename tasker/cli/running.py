"""Which steps an engine runs at this moment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasker.actors.supervisor import ActorDescription
from tasker.cli.finding import SHORT
from tasker.cli.printing import clean
from tasker.engine import Engine

MOST_NAMED = 5
_STEP = re.compile(r"step-(?P<task>[0-9a-f-]{36})-(?P<name>.+)-\d+", re.DOTALL)


def running_in_words(engine: Engine) -> str:
    """Return the steps that run, each with the end of its task's id; empty for none."""
    count = engine.health().permits.in_use
    if not count:
        return ""
    named = [
        f"{clean(found['name'])} of {found['task'][-SHORT:]}"
        for actor in _actors(engine.describe(MOST_NAMED))
        if (found := _STEP.fullmatch(actor.name))
    ]
    if not named:
        return f"{count} steps"
    rest = count - len(named)
    return ", ".join(named) + (f", and {rest} more" if rest > 0 else "")


def _actors(description: ActorDescription) -> Iterator[ActorDescription]:
    yield description
    for child in description.children:
        yield from _actors(child)
