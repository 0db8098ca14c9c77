"""Many tasks in flight that nobody waits for one by one.

A caller for each of a hundred thousand tasks is a hundred thousand coroutines of the
application's own: they would be measured, and the engine drown in them.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import anyio

from tasker.bench.distribution import latency
from tasker.bench.load import Load
from tasker.engine import Engine
from tasker.reading import TaskQuery
from tasker.request import TaskRequest
from tasker.stores.records import TaskState
from tasker.task_view import TaskListing

CALLERS = 1_000
LOOK_SECONDS = 0.002
_PAGE = 1_000


async def run_in_flight(
    engine: Engine, request: TaskRequest, *, in_flight: int, tasks: int
) -> Load:
    """Submit so many tasks that are trivial, at most ``in_flight`` of them not at rest.

    ``concurrency`` of the load is how many there really were; latency is from the time
    at which a task was recorded to that of its end.
    """
    named: list[str] = []
    before = engine.health().tasks.ended
    room = anyio.Semaphore(0)
    begun = most = 0

    async def gatekeeper() -> None:
        # One who looks, for all: a thousand callers who did would be the load.
        nonlocal begun, most
        while begun < tasks:
            now = begun - (engine.health().tasks.ended - before)
            for _ in range(min(in_flight - now, tasks - begun)):
                begun += 1
                room.release()
            most = max(most, begun - (engine.health().tasks.ended - before))
            await anyio.sleep(LOOK_SECONDS)

    async def caller() -> None:
        for _ in turns:
            await room.acquire()
            named.append(await engine.submit(request))

    turns = iter(range(tasks))
    start = time.perf_counter()
    async with anyio.create_task_group() as group:
        group.start_soon(gatekeeper)
        for _ in range(min(CALLERS, in_flight)):
            group.start_soon(caller)
    while engine.health().tasks.ended - before < tasks:  # noqa: ASYNC110 -- nothing tells
        await anyio.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - start
    listed = [task async for task in _listed(engine, set(named))]
    return Load(
        concurrency=most,
        seconds=seconds,
        tasks=tasks,
        steps=tasks * (await engine.get(named[0])).step_count,
        failed=sum(task.state is not TaskState.COMPLETE for task in listed),
        latency=latency([_took(task) for task in listed]),
    )


async def _listed(engine: Engine, wanted: set[str]) -> AsyncIterator[TaskListing]:
    cursor: str | None = None
    while True:
        page = await engine.list_tasks(TaskQuery(), cursor=cursor, limit=_PAGE)
        for task in page.tasks:
            if task.task_id in wanted:
                yield task
        cursor = page.next_cursor
        if cursor is None:
            return


def _took(task: TaskListing) -> float:
    assert task.ended_at is not None
    return (task.ended_at - task.created_at).total_seconds()
