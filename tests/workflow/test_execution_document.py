"""The tables of docs/design/execution.md are the tables of the code."""

from __future__ import annotations

import re
from pathlib import Path

from tasker.actors.loading import UNRUNNABLE_RETRY_SECONDS
from tasker.actors.residency import CRASH_LIMIT
from tasker.actors.workflow.operations import OPERATIONS
from tasker.actors.workflow.plan import Backoff, StepPlan
from tasker.actors.workflow.state import Standing
from tasker.actors.workflow.states import AT_REST, STEP_TRANSITIONS, TASK_TRANSITIONS

TEXT = Path(__file__).parents[2].joinpath("docs/design/execution.md").read_text()


def table(heading: str) -> dict[str, list[set[str]]]:
    """Return a section's first table: of each row the words in code quotes, by the first."""
    section = re.split(r"^#+ ", TEXT.split(f" {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    rows = [line.strip().strip("|").split("|") for line in section.splitlines() if "|" in line]
    return {
        re.findall(r"`(\w+)`", first)[0]: [set(re.findall(r"`(\w+)`", cell)) for cell in rest]
        for first, *rest in rows[2:]
    }


def test_the_transitions_of_tasks():
    assert {old: new for old, [new] in table("Tasks").items()} == {
        str(old): set(map(str, new)) for old, new in TASK_TRANSITIONS.items()
    }


def test_the_transitions_of_steps():
    assert {old: new for old, [new] in table("Steps").items()} == {
        str(old): set(map(str, new)) for old, new in STEP_TRANSITIONS.items()
    }


def test_the_operations():
    assert {name: tuple(cells) for name, cells in table("Operations").items()} == {
        kind.__name__: (set(map(str, legal.task)), set(map(str, legal.steps or ())))
        for kind, legal in OPERATIONS.items()
    }


def test_the_standings():
    assert list(table("Readiness")) == [which.name for which in Standing]


def test_the_states_at_rest():
    [sentence] = re.findall(r"^(`complete`.*) are at rest", TEXT, flags=re.M)
    assert set(re.findall(r"`(\w+)`", sentence)) == set(map(str, AT_REST))


def test_the_figures():
    backoff = Backoff()
    delays = tuple(int(delay) for delay in backoff.delays)
    assert f"n <= {len(delays)} " in TEXT
    assert f"min({delays}[n - 1] * (1 + j), {backoff.max_seconds:g})" in TEXT
    assert f"min(n ** {backoff.exponent:g} * (1 + j), {backoff.max_seconds:g})" in TEXT
    assert f"between -{backoff.jitter:g} and {backoff.jitter:g}" in TEXT
    assert StepPlan(name="a", index=0).retry_limit == 3
    assert CRASH_LIMIT == 3
    assert f"after {UNRUNNABLE_RETRY_SECONDS:g} s" in TEXT
