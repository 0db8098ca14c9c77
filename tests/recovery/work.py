"""Tasks of mixed shape whose steps leave a line in a ledger when they begin and end.

Run as ``python -m tests.recovery.work DATABASE LEDGER ACKNOWLEDGED TASKS``, it
submits what was not acknowledged yet, and works until all tasks are at rest. It
may be killed at any moment and started again.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import anyio

from tasker import (
    Backoff,
    BaseSubscriber,
    DuplicateTaskError,
    Engine,
    EngineConfig,
    PermanentError,
    RetryableError,
    TaskRequest,
    define,
)

MORE_THAN_KILLS = 400
"""Attempts that no number of kills exhausts."""

CONFIG = EngineConfig(
    max_resident_tasks=60,
    max_concurrent_steps=24,
    backoff=Backoff(delays=(0.02,), exponent=0.0, max_seconds=0.02),
    passivate_after_seconds=0.01,
)
SHAPES = ("chain", "diamond", "fan_out", "retries", "failing", "exhausted", "bypass")

ledger = Path(os.devnull)


def note(path: Path, *words: object) -> None:
    """Append a line, durably: it is there whatever happens to this process next."""
    file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.write(file, (" ".join(map(str, words)) + "\n").encode())
        os.fsync(file)
    finally:
        os.close(file)


def effect(task: Any, step: Any) -> Any:
    """Do the work of a step in its thread, and return what depends on the task alone."""
    seconds = random.Random(f"{task.context['key']}/{step.name}").uniform(0.001, 0.02)
    note(ledger, task.task_id, step.name, step.attempt, "start")
    time.sleep(seconds)
    if step.name.startswith("flaky") and step.attempt <= 2:
        raise RetryableError("not yet")
    if step.name.startswith("refused"):
        raise PermanentError("never")
    if step.name.startswith("hopeless"):
        raise ValueError("never")
    note(ledger, task.task_id, step.name, step.attempt, "end")
    return {"key": task.context["key"], "by": step.name}


async def awaited_effect(task: Any, step: Any) -> Any:
    """Do the same on the event loop."""
    note(ledger, task.task_id, step.name, step.attempt, "start")
    await anyio.sleep(0.005)
    note(ledger, task.task_id, step.name, step.attempt, "end")
    return {"key": task.context["key"], "by": step.name}


def _shape(name: str, steps: dict[str, list[str]], **options: dict[str, Any]) -> Any:
    definition = define(name, namespace="killed")
    for number, (step, parents) in enumerate(steps.items()):
        plain = number % 2 == 0 or step.split("_")[0] in ("flaky", "refused", "hopeless")
        settings = {"retry_limit": MORE_THAN_KILLS, **options.get(step, {})}
        definition.add_step(
            step, effect if plain else awaited_effect, depends_on=parents, **settings
        )
    return definition


def definitions() -> list[Any]:
    leaves = [f"leaf_{number}" for number in range(6)]
    return [
        _shape("chain", {"a": [], "b": ["a"], "c": ["b"], "d": ["c"]}),
        _shape("diamond", {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}),
        _shape("fan_out", {"a": [], **{leaf: ["a"] for leaf in leaves}, "z": leaves}),
        _shape("retries", {"a": [], "flaky": ["a"], "b": ["flaky"], "flaky_too": ["a"]}),
        _shape("failing", {"a": [], "refused": ["a"], "b": ["a"], "c": ["refused"], "d": ["b"]}),
        _shape("exhausted", {"a": [], "hopeless": [], "b": ["a"]}, hopeless={"retry_limit": 2}),
        _shape("bypass", {"a": [], "b": ["a"], "c": ["b"]}, b={"skippable": True}),
    ]


def request_of(number: int) -> TaskRequest:
    shape = SHAPES[number % len(SHAPES)]
    return TaskRequest(
        name=shape,
        namespace="killed",
        context={"key": number},
        idempotency_key=str(number),
        bypass_steps=["b"] if shape == "bypass" else [],
        priority=number % 3,
    )


def acknowledged(path: Path) -> dict[int, str]:
    """Return the task's id for each request that was acknowledged."""
    if not path.exists():
        return {}
    # A line without its end was never finished, so never acknowledged.
    lines = path.read_text().split("\n")[:-1]
    return {int(key): task_id for key, task_id in map(str.split, lines)}


async def nothing_more(engine: Engine) -> None:
    """End as soon as the tasks have."""


async def work(
    database: str,
    acknowledgements: Path,
    count: int,
    subscribers: Sequence[BaseSubscriber] = (),
    afterwards: Callable[[Engine], Awaitable[None]] = nothing_more,
) -> None:
    done = acknowledged(acknowledgements)
    async with Engine.open(
        f"sqlite:///{database}",
        definitions=definitions(),
        subscribers=subscribers,
        config=CONFIG,
    ) as engine:

        async def see_through(number: int) -> None:
            if number not in done:
                try:
                    task_id = await engine.submit(request_of(number))
                except DuplicateTaskError as error:
                    task_id = error.task_id
                note(acknowledgements, number, task_id)
                done[number] = task_id
            await engine.wait(done[number])

        async with anyio.create_task_group() as group:
            for number in range(count):
                group.start_soon(see_through, number)
        await afterwards(engine)


if __name__ == "__main__":
    ledger = Path(sys.argv[2])
    anyio.run(work, sys.argv[1], Path(sys.argv[3]), int(sys.argv[4]))
