"""How much memory does a task take while it runs?

Many tasks, each held in a step that waits; the memory of the process with them,
less what it took before they came.
"""

import gc

import anyio

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.shapes import NAMESPACE, request
from benchmarks.waiting_until import wait_until
from tasker.bench.memory import resident_bytes
from tasker.config import EngineConfig
from tasker.definitions.python import define
from tasker.engine import Engine

KIB_ALLOWED = 20.0


def _contenders(settings: Settings) -> list[Contender]:
    return [Contender(name=store, store=store) for store in settings.stores("sqlite")]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    tasks = ground.settings.scaled(10_000, 50)
    gate = anyio.Event()
    held = define("held", namespace=NAMESPACE)
    inside = 0

    @held.step
    async def wait() -> int:
        nonlocal inside
        inside += 1
        await gate.wait()
        return 1

    config = EngineConfig(max_resident_tasks=2 * tasks, max_concurrent_steps=2 * tasks)
    url = ground.fresh_url(contender)
    async with Engine.open(url, definitions=held, config=config) as engine:
        # The first ones pay for modules, caches and the thread of the store.
        for _ in range(max(1, tasks // 100)):
            await engine.submit(request("held"))
        await wait_until(lambda: inside >= max(1, tasks // 100))
        before = _settled()
        async with anyio.create_task_group() as group:
            for _ in range(tasks):
                group.start_soon(engine.submit, request("held"))
        total = tasks + max(1, tasks // 100)
        await wait_until(lambda: inside >= total)
        used = _settled() - before
        gate.set()
        await wait_until(lambda: engine.health().tasks.resident == 0)
    return Sample(metrics={"task_kib": used / tasks / 1024, "tasks": tasks})


def _settled() -> int:
    gc.collect()
    return resident_bytes()


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"{store}: a live task over 20 KiB",
            of=(store, "task_kib"),
            to=KIB_ALLOWED,
            at_most=1.0,
        )
        for store in settings.stores("sqlite")
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
