"""Putting load on an engine: so many tasks in flight, or so many a second."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import anyio
from msgspec import Struct

from tasker.bench.distribution import Latency, latency
from tasker.engine import Engine
from tasker.request import TaskRequest
from tasker.stores.records import TaskState
from tasker.task_view import TaskView


class Load(Struct, frozen=True, kw_only=True):
    """What an engine did under load.

    ``steps`` counts steps of the tasks that ended; ``failed`` are tasks that ended
    otherwise than complete; ``latency`` is from submitting to knowing the end.
    """

    concurrency: int
    seconds: float
    tasks: int
    steps: int
    failed: int
    latency: Latency

    @property
    def tasks_per_second(self) -> float:
        """Tasks that ended, by time."""
        return self.tasks / self.seconds

    @property
    def steps_per_second(self) -> float:
        """Their steps, by time."""
        return self.steps / self.seconds


class _Tally:
    def __init__(self) -> None:
        self.waits: list[float] = []
        self.steps = 0
        self.failed = 0

    def add(self, view: TaskView, began: float) -> None:
        self.waits.append(time.perf_counter() - began)
        self.steps += view.step_count
        self.failed += view.state is not TaskState.COMPLETE

    def load(self, concurrency: int, seconds: float) -> Load:
        return Load(
            concurrency=concurrency,
            seconds=seconds,
            tasks=len(self.waits),
            steps=self.steps,
            failed=self.failed,
            latency=latency(self.waits),
        )


async def run_load(
    engine: Engine,
    request: TaskRequest,
    *,
    concurrency: int,
    tasks: int | None = None,
    seconds: float = 2.0,
) -> Load:
    """Keep ``concurrency`` tasks in flight; each that ends is followed by another.

    Args:
        engine: An open engine that works its store.
        request: What to submit, again and again.
        concurrency: Tasks in flight.
        tasks: How many in all; None for as many as begin within ``seconds``, and at
            least one for each in flight.
        seconds: See ``tasks``.
    """
    tally = _Tally()
    turns = _turns(concurrency, tasks, time.perf_counter() + seconds)

    async def caller() -> None:
        for _ in turns:
            began = time.perf_counter()
            tally.add(await engine.run(request), began)

    start = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(concurrency if tasks is None else min(concurrency, tasks)):
            group.start_soon(caller)
    return tally.load(concurrency, time.perf_counter() - start)


async def run_at_rate(
    engine: Engine, request: TaskRequest, *, per_second: float, seconds: float
) -> Load:
    """Submit at an even rate, whether or not the engine keeps up.

    A wait counts from the instant at which the task was due, so that an engine
    that stalls is not excused from what it kept waiting. ``concurrency`` of the
    load is the greatest number of tasks in flight.
    """
    tally = _Tally()
    in_flight = most = 0

    async def one(due: float) -> None:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        tally.add(await engine.run(request), due)
        in_flight -= 1

    start = time.perf_counter()
    async with anyio.create_task_group() as group:
        for turn in range(max(1, round(per_second * seconds))):
            due = start + turn / per_second
            await anyio.sleep(max(0.0, due - time.perf_counter()))
            group.start_soon(one, due)
    return tally.load(most, time.perf_counter() - start)


async def best_load(
    engine: Engine, request: TaskRequest, *, concurrency: Sequence[int], seconds: float
) -> Load:
    """Try each concurrency for some seconds and return the load with the most steps/s.

    What comes first warms the engine up, so it is run once before it counts.
    """
    await run_load(engine, request, concurrency=concurrency[0], seconds=seconds / 4)
    loads = [
        await run_load(engine, request, concurrency=each, seconds=seconds) for each in concurrency
    ]
    return max(loads, key=lambda load: load.steps_per_second)


def _turns(concurrency: int, tasks: int | None, until: float) -> Iterator[int]:
    """Yield one turn for each task to submit; the callers share it."""
    turn = 0
    while turn < tasks if tasks is not None else turn < concurrency or time.perf_counter() < until:
        yield turn
        turn += 1
