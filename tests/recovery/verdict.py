"""What must be true of tasks whose process was killed, and what is not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from tasker import Engine, TaskView
from tasker.reading import HistoryEntry


class Effect(Struct, frozen=True):
    """A line of the ledger: a step's attempt began, or was about to end well."""

    task_id: str
    step: str
    attempt: int
    phase: str


class Outcome(Struct, frozen=True, kw_only=True):
    """How a task ended, and how it came to that."""

    task: TaskView
    history: list[HistoryEntry]


def read_ledger(text: str) -> list[Effect]:
    effects = []
    for line in text.splitlines():
        task_id, step, attempt, phase = line.split()
        effects.append(Effect(task_id, step, int(attempt), phase))
    return effects


async def read_outcomes(engine: Engine, task_ids: Iterable[str]) -> dict[str, Outcome]:
    return {
        task_id: Outcome(task=await engine.get(task_id), history=await engine.history(task_id))
        for task_id in task_ids
    }


def ending(task: TaskView) -> Any:
    """Return what a task comes to, whatever happened on the way."""
    steps = {step.name: (str(step.state), step.results) for step in task.steps}
    return str(task.state), steps


def broken_promises(effects: Sequence[Effect], outcomes: Mapping[str, Outcome]) -> list[str]:
    """Say what the ledger and the histories tell of each other that may not be."""
    problems: list[str] = []
    begun = Counter((e.task_id, e.step, e.attempt) for e in effects if e.phase == "start")
    ended = {(e.task_id, e.step, e.attempt) for e in effects if e.phase == "end"}
    runs: defaultdict[tuple[str, str], int] = defaultdict(int)
    for (task_id, name, attempt), times in begun.items():
        runs[task_id, name] += times
        if times > 1:
            problems.append(f"attempt {attempt} of {name} of {task_id} ran {times} times")
        if task_id not in outcomes:
            problems.append(f"{name} of {task_id} ran, and there is no such task")
    for task_id, outcome in outcomes.items():
        for step in outcome.task.steps:
            name, ran = step.name, runs[task_id, step.name]
            if ran > step.attempts:
                problems.append(
                    f"{name} of {task_id} ran {ran} times in {step.attempts} recorded attempts"
                )
            problems += _of_completed(task_id, name, outcome.history, begun, ended)
    return problems


def _of_completed(
    task_id: str,
    step: str,
    history: Sequence[HistoryEntry],
    begun: Mapping[tuple[str, str, int], int],
    ended: set[tuple[str, str, int]],
) -> list[str]:
    completed = [each for each in history if each.step == step and each.to_state == "complete"]
    if not completed:
        return []
    if len(completed) > 1:
        return [f"{step} of {task_id} was completed {len(completed)} times"]
    attempt = completed[0].attempt or 0
    later = [key for key in begun if key[:2] == (task_id, step) and key[2] > attempt]
    later_transitions = [
        each for each in history if each.step == step and each.seq > completed[0].seq
    ]
    problems = []
    if later or later_transitions:
        problems.append(f"{step} of {task_id} went on after its completion was recorded")
    if (task_id, step, attempt) not in ended:
        problems.append(f"{step} of {task_id} is recorded as complete, and never got there")
    return problems
