"""Stores filled with many tasks, through the interface by which the engine writes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import Raw

from tasker.actors.clock import SystemClock
from tasker.definitions.definition import Definition
from tasker.ids import IdFactory
from tasker.stores.protocols import Store
from tasker.stores.records import (
    Append,
    ErrorRecord,
    StepRecord,
    StepState,
    TaskRecord,
    TaskState,
    Transition,
)
from tasker.stores.urls import make_store

BATCH = 2_000
DEAD_NODE = "a-node-that-died"
_CONTEXT = Raw(b'{"n":1}')
_RESULT = Raw(b"1")
_BUSY = ErrorRecord(error_class="benchmarks.Busy", message="the other side was busy")

Make = Callable[[int, str], Append]
"""From a number and a new task id to the append that creates the task as it shall stand."""


async def fill(url: str, tasks: int, make: Make) -> None:
    """Write many tasks into a store, each with one append."""
    store: Store = make_store(url)
    await store.open()
    try:
        for batch in _batches(tasks, make):
            refused = [refusal for refusal in await store.commit(batch) if refusal is not None]
            if refused:
                raise refused[0]
    finally:
        await store.close()


def finished(definition: Definition, now: float) -> Make:
    """Return a maker of tasks that completed, with all their steps."""
    steps = tuple(
        StepRecord(
            name=step.name,
            state=StepState.COMPLETE,
            attempts=1,
            ready_at=now,
            started_at=now,
            ended_at=now,
            results=_RESULT,
        )
        for step in definition.steps
    )
    transitions = tuple(
        Transition(step=step.name, from_state="in_progress", to_state="complete", attempt=1)
        for step in steps
    )
    task = task_of(definition, TaskState.COMPLETE, now, ended_at=now)
    return lambda number, task_id: _append(task, task_id, now, steps, transitions)


def measured(definition: Definition, now: float, over_seconds: float, tasks: int) -> Make:
    """Return a maker of finished tasks that were created evenly over the time up to ``now``.

    Their ids tell that time. Steps queue for up to 10 ms and run for up to a second;
    one task in a hundred has a step that failed once, one in a thousand failed for good.
    """
    chance = random.Random(7)
    clock = _SetClock()
    new_id = IdFactory(clock)

    def make(number: int, task_id: str) -> Append:
        created = clock.at = now - over_seconds * (tasks - number) / tasks
        failed = _fate(chance)
        at, steps, transitions = created, [], []
        for each in definition.steps:
            ready = at
            begun = ready + chance.uniform(0.0, 0.01)
            at = begun + chance.uniform(0.0, 1.0)
            error = _BUSY if failed == "for good" and each is definition.steps[-1] else None
            again = failed == "once" and each is definition.steps[0]
            state = StepState.COMPLETE if error is None else StepState.ERROR
            steps.append(
                StepRecord(
                    name=each.name,
                    state=state,
                    attempts=2 if again else 1,
                    ready_at=ready,
                    started_at=begun,
                    ended_at=at,
                    results=_RESULT if error is None else None,
                    error=error,
                )
            )
            if again or error is not None:
                transitions.append(_failure(each.name))
            if error is None:
                transitions.append(
                    Transition(step=each.name, from_state="in_progress", to_state="complete")
                )
        ends = TaskState.ERROR if failed == "for good" else TaskState.COMPLETE
        task = task_of(definition, ends, created, ended_at=at)
        return _append(task, new_id(), created, tuple(steps), tuple(transitions))

    return make


def waiting(definition: Definition, now: float, wake_at: Callable[[int], float]) -> Make:
    """Return a maker of tasks whose one step failed and is due again at ``wake_at``."""
    task = task_of(definition, TaskState.IN_PROGRESS, now)
    error = ErrorRecord(error_class="benchmarks.NotYet", message="the other side was busy")

    def make(number: int, task_id: str) -> Append:
        at = wake_at(number)
        step = StepRecord(
            name=definition.steps[0].name,
            state=StepState.ERROR,
            attempts=1,
            retry_at=at,
            ready_at=now,
            started_at=now,
            ended_at=now,
            error=error,
        )
        transition = Transition(
            step=step.name, from_state="in_progress", to_state="error", attempt=1
        )
        due = msgspec.structs.replace(task, wake_at=at)
        return _append(due, task_id, now, (step,), (transition,))

    return make


def interrupted(definition: Definition, now: float) -> Make:
    """Return a maker of tasks whose node died: the first step done, the next ones running."""
    first, *rest = definition.steps
    done = StepRecord(
        name=first.name,
        state=StepState.COMPLETE,
        attempts=1,
        ready_at=now,
        started_at=now,
        ended_at=now,
        results=_RESULT,
    )
    running = tuple(
        StepRecord(
            name=step.name, state=StepState.IN_PROGRESS, attempts=1, ready_at=now, started_at=now
        )
        for step in rest
        if step.depends_on == (first.name,)
    )
    transitions = tuple(
        Transition(step=step.name, from_state="pending", to_state="in_progress", attempt=1)
        for step in running
    )
    task = task_of(definition, TaskState.IN_PROGRESS, now, owner=DEAD_NODE, wake_at=0.0)
    return lambda number, task_id: _append(task, task_id, now, (done, *running), transitions)


def task_of(definition: Definition, state: TaskState, now: float, **fields: Any) -> TaskRecord:
    """Return a task of a definition, begun ``now``; ``fields`` are of its record."""
    given: dict[str, Any] = {
        "task_id": "task",
        "namespace": definition.namespace,
        "name": definition.name,
        "version": definition.version,
        "definition_hash": definition.hash,
        "state": state,
        "created_at": now,
        "requested_at": now,
        "started_at": now,
        "context": _CONTEXT,
    }
    return TaskRecord(**given | fields)


class _SetClock(SystemClock):
    """A clock that tells what it was told."""

    at = 0.0

    def now(self) -> float:
        """See `SystemClock.now`."""
        return self.at


def _fate(chance: random.Random) -> str:
    drawn = chance.random()
    return "for good" if drawn < 0.001 else "once" if drawn < 0.011 else "none"


def _failure(step: str) -> Transition:
    return Transition(
        step=step,
        from_state="in_progress",
        to_state="error",
        attempt=1,
        detail=Raw(msgspec.json.encode({"error_class": _BUSY.error_class})),
    )


def _batches(tasks: int, make: Make) -> Iterator[list[Append]]:
    new_id = IdFactory(SystemClock())
    for start in range(0, tasks, BATCH):
        yield [make(number, new_id()) for number in range(start, min(start + BATCH, tasks))]


def _append(
    task: TaskRecord,
    task_id: str,
    at: float,
    steps: tuple[StepRecord, ...],
    transitions: tuple[Transition, ...],
) -> Append:
    created = msgspec.structs.replace(task, task_id=task_id)
    return Append(
        task_id=task_id,
        epoch=1,
        seq=1,
        at=at,
        created=created,
        steps=steps,
        transitions=transitions,
    )
