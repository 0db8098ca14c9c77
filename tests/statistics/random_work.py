"""Workflows made by chance, the same for the same seed."""

import random
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from msgspec import Raw

from tasker import (
    Backoff,
    Engine,
    EngineConfig,
    PermanentError,
    RetryableError,
    TaskRequest,
    define,
)
from tasker.errors import InvalidOperationError
from tasker.ids import IdFactory
from tasker.stores import (
    Append,
    DefinitionRecord,
    ErrorRecord,
    StepRecord,
    StepState,
    TaskRecord,
    TaskState,
    Transition,
)
from tasker.testing import ManualClock, testing_engine
from tasker.testing.clock import START

CONFIG = EngineConfig(
    max_concurrent_steps=4,
    backoff=Backoff(delays=(0.5, 2.0), jitter=0.3),
    passivate_after_seconds=5.0,
    poll_seconds=500.0,
    shutdown_seconds=0.0,
)
"""Few permits, so that steps queue."""
ERRORS: tuple[type[Exception], ...] = (RetryableError, PermanentError, ValueError, KeyError)


def graph(chance: random.Random) -> dict[str, list[str]]:
    names = [f"s{number}" for number in range(chance.randint(1, 7))]
    return {
        name: chance.sample(names[:at], chance.randint(0, min(at, 3)))
        for at, name in enumerate(names)
    }


def definitions(seed: int, clock: Any) -> list[Any]:
    """Return definitions whose steps take some time of the clock, and fail now and then."""
    chance = random.Random(seed)
    made = []
    for number in range(4):
        version = f"{1 + number // 3}.0.0"
        builder = define(
            f"work{number % 3}", namespace=chance.choice(["shop", "lab"]), version=version
        )
        for name, needed in graph(chance).items():

            async def handler(task: Any, step: Any, name: str = name) -> Any:
                own = random.Random(f"{seed}/{task.context['n']}/{name}/{step.attempt}")
                await clock.sleep(own.choice([0.0, own.expovariate(1.0), own.uniform(5, 40)]))
                if own.random() < 0.25:
                    raise own.choice(ERRORS)("by chance")
                return step.attempt

            builder.add_step(
                name,
                handler,
                depends_on=needed,
                retry_limit=chance.randint(1, 4),
                skippable=chance.random() < 0.3,
            )
        made.append(builder)
    return made


@asynccontextmanager
async def worked(seed: int, store: Any, tasks: int = 30) -> Any:
    """Run tasks for a while, some of which are not done then; yield an engine that reads."""
    clock, chance = ManualClock(), random.Random(-seed)
    async with testing_engine(
        definitions(seed, clock), config=CONFIG, clock=clock, store=store
    ) as engine:
        known = [entry.definition for entry in engine.registry.list()]
        ids: list[str] = []
        for number in range(tasks):
            wanted = chance.choice(known)
            bypassed = [step.name for step in wanted.steps if step.skippable]
            request = TaskRequest(
                name=wanted.name,
                namespace=wanted.namespace,
                version=wanted.version,
                context={"n": number},
                initiator=f"i{number}",
                bypass_steps=bypassed if chance.random() < 0.3 else [],
            )
            ids.append(await engine.submit(request))
            await pass_time(clock, store, chance.choice([0.0, chance.uniform(0, 20)]))
            await meddle(engine, chance, chance.choice(ids))
        await pass_time(clock, store, 30.0)
    # Over a file, something may be under way while the engine works.
    async with Engine.open(store, work=False, clock=clock) as engine:
        yield engine


async def pass_time(clock: ManualClock, store: Any, seconds: float) -> None:
    """Move on in small strides, each time until the store has done what it was given."""
    strides = 1 + int(seconds / 2)
    for _ in range(strides):
        await clock.advance(seconds / strides)
        await store.probe()


async def meddle(engine: Any, chance: random.Random, task_id: str) -> None:
    """Do something to a task now and then, legal or not."""
    operations = [engine.cancel, engine.pause, engine.resume, engine.retry, engine.resolve_task]
    if chance.random() < 0.3:
        with suppress(InvalidOperationError):
            await chance.choice(operations)(task_id)


async def write_records(seed: int, store: Any, tasks: int, spread: float = 7_200.0) -> float:
    """Write tasks into an open store in states that no engine need have led to.

    Return when the last one was created.
    """
    chance = random.Random(seed)
    clock = ManualClock()
    new_id = IdFactory(clock, randomness=chance.randbytes)
    known = []
    for number in range(3):
        builder = define(f"made{number}", namespace="records")
        for name, needed in graph(chance).items():
            builder.add_step(name, nothing, depends_on=needed)
        known.append(builder.build())
    for definition in known[:-1]:  # the last one's is not kept
        body = Raw(msgspec.json.encode(definition))
        await store.put_definition(
            DefinitionRecord(
                hash=definition.hash,
                namespace=definition.namespace,
                name=definition.name,
                version=definition.version,
                body=body,
                created_at=START,
            )
        )
    appends = []
    for _ in range(tasks):
        await clock.advance(chance.uniform(0, 2 * spread / tasks))
        appends.append(append(chance, chance.choice(known), new_id(), clock.now()))
    assert await store.commit(appends) == [None] * tasks
    return clock.now()


async def nothing() -> None: ...


def append(chance: random.Random, definition: Any, task_id: str, now: float) -> Append:
    def at() -> float | None:
        return chance.choice([None, now + chance.uniform(0, 100), now + chance.expovariate(1)])

    steps, transitions = [], []
    for each in definition.steps:
        if chance.random() < 0.15:
            continue
        attempts = chance.choice([0, 1, 1, 1, 2, 3])
        for attempt in range(1, attempts):
            detail = Raw(b'{"error_class":"%s"}' % chance.choice([b"a.Busy", b"b.Gone"]))
            transitions.append(
                Transition(
                    step=each.name,
                    from_state="in_progress",
                    to_state="error",
                    attempt=attempt,
                    detail=chance.choice([detail, None]),
                )
            )
        state = chance.choice(list(StepState))
        steps.append(
            StepRecord(
                name=each.name,
                state=state,
                attempts=attempts,
                ready_at=at(),
                started_at=at(),
                ended_at=at(),
                error=ErrorRecord(error_class="x", message="x")
                if state is StepState.ERROR
                else None,
            )
        )
    record = TaskRecord(
        task_id=task_id,
        namespace=definition.namespace,
        name=definition.name,
        version=definition.version,
        definition_hash=definition.hash,
        state=chance.choice(list(TaskState)),
        created_at=now,
        requested_at=now,
        started_at=at(),
        ended_at=at(),
        context=Raw(b"{}"),
    )
    return Append(
        task_id=task_id,
        epoch=1,
        seq=1,
        at=now,
        created=record,
        steps=tuple(steps),
        transitions=tuple(transitions),
    )
