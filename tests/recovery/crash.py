"""Runs a task over a store that stops the engine at a chosen commit, until the task is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import anyio
from msgspec import Struct

from tasker import Backoff, Engine, EngineConfig, TaskRequest, TaskView
from tasker.definitions.python import DefinitionBuilder
from tasker.stores.errors import StoreError, StoreUnavailableError
from tasker.stores.memory import MemoryStore
from tasker.stores.records import Append, StepState, TaskFilter
from tasker.testing import JumpClock, testing_engine

CONFIG = EngineConfig(
    shutdown_seconds=0.0, backoff=Backoff(delays=(0.1, 2.0), exponent=1.0), max_resident_tasks=10
)
STUCK_SECONDS = 10.0
"""Real seconds after which a life of the engine is taken for stuck."""


class Stop(Struct, frozen=True):
    """Where the engine dies: at this commit of all, before or after it is recorded."""

    commit: int
    recorded: bool

    def __str__(self) -> str:
        return f"{'after' if self.recorded else 'before'} commit {self.commit}"


class MortalStore(MemoryStore):
    """Its contents outlive the engine, which it ends at the stops; the dead write nothing."""

    def __init__(self, stops: Iterable[Stop]) -> None:
        super().__init__()
        self._stops = {stop.commit: stop for stop in stops}
        self.commits = 0
        self.dead = False
        self.die: Callable[[], None] = lambda: None

    async def open(self) -> None:
        self.dead = False
        await super().open()

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        self._check_alive()
        self.commits += 1
        stop = self._stops.get(self.commits)
        if stop is None:
            return await super().commit(appends)
        if stop.recorded:
            await super().commit(appends)
        self.dead = True
        self.die()
        raise _death()

    async def leave(self, node_id: str) -> None:
        if not self.dead:
            await super().leave(node_id)

    def completed(self) -> set[str]:
        """Return the steps that are recorded as complete."""
        return {
            step.name
            for entry in self._entries.values()
            for step in entry.steps.values()
            if step.state is StepState.COMPLETE
        }

    def _check_alive(self) -> None:
        if self.dead:
            raise _death()


def _death() -> StoreUnavailableError:
    return StoreUnavailableError(url="memory://", operation="commit", cause="the process is dead")


class Ledger:
    """What steps did to the world outside, in order."""

    def __init__(self) -> None:
        self.effects: list[tuple[str, int]] = []

    def note(self, step: str, attempt: int) -> None:
        self.effects.append((step, attempt))

    def counts(self) -> Counter[str]:
        return Counter(step for step, _ in self.effects)


class Outcome(Struct, frozen=True):
    """How it went, and over how many commits and lives of the engine."""

    task: TaskView
    commits: int
    lives: int
    effects: tuple[tuple[str, int], ...]

    def what_matters(self) -> Any:
        """What a stop may not change."""
        steps = [(step.name, step.state, step.results) for step in self.task.steps]
        return self.task.state, dict(self.task.results), steps


async def run_to_the_end(
    make: Callable[[Ledger], DefinitionBuilder], stops: Iterable[Stop] = ()
) -> Outcome:
    """Run one task of what ``make`` defines, through the stops, and check each recovery."""
    store, clock, ledger = MortalStore(stops), JumpClock(), Ledger()
    definition = make(ledger)
    lives = 0
    while True:
        lives += 1
        done_before, effects_before = store.completed(), len(ledger.effects)
        task = await _one_life(definition, store, clock)
        again = {step for step, _ in ledger.effects[effects_before:]} & done_before
        assert not again, f"complete before the stop, and run again: {again}"
        if task is not None:
            break
    for step in task.steps:
        assert ledger.counts()[step.name] <= step.attempts, f"{step.name} ran unrecorded"
    assert len(ledger.effects) == len(set(ledger.effects)), "an attempt ran twice"
    return Outcome(task, store.commits, lives, tuple(ledger.effects))


async def _one_life(
    definition: DefinitionBuilder, store: MortalStore, clock: JumpClock
) -> TaskView | None:
    """Return the task at its end, or None when the engine died first: at once, undrained."""
    with anyio.fail_after(STUCK_SECONDS), anyio.CancelScope() as scope:
        store.die = scope.cancel
        async with testing_engine(definition, config=CONFIG, store=store, clock=clock) as engine:
            try:
                return await engine.wait(await _submitted(engine, store, definition))
            except StoreError:
                if not store.dead:
                    raise
                await anyio.sleep_forever()  # dead: cancelled here and now
    return None


async def _submitted(engine: Engine, store: MortalStore, definition: DefinitionBuilder) -> str:
    """Submit the task, unless an earlier life did: acknowledged or not, it is there once."""
    known = (await store.list_tasks(TaskFilter())).tasks
    assert len(known) <= 1
    if known:
        return known[0].task_id
    name = definition.load().definition.name
    return await engine.submit(TaskRequest(name=name, context={"cart": [3, 4]}))
