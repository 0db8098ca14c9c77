"""After a crash with thousands of workflows under way, how long until they go on, and are done?

Diamonds whose node died while two of their steps ran, on a store that a new engine
opens. Steps that were lost count as failed attempts; the backoff is set to nothing,
since by default it would be most of the time.
"""

import time

from benchmarks.bulk import fill, interrupted
from benchmarks.case import Case, Contender, Ground, Sample, Settings
from benchmarks.shapes import DIAMOND, NAMESPACE
from benchmarks.waiting_until import wait_until
from tasker.actors.workflow.plan import Backoff
from tasker.config import EngineConfig
from tasker.definitions.python import DefinitionBuilder, define
from tasker.engine import Engine
from tasker.reading import TaskQuery
from tasker.stores.records import TaskState

AT_ONCE = Backoff(delays=(0.0,), jitter=0.0)
STEPS_LEFT = 3


class _Seen:
    """When steps ran."""

    def __init__(self) -> None:
        self.count = 0
        self.first = self.last = 0.0

    def note(self) -> None:
        self.last = time.perf_counter()
        if not self.count:
            self.first = self.last
        self.count += 1


def _definition(seen: _Seen) -> DefinitionBuilder:
    builder = define("interrupted", namespace=NAMESPACE)

    async def step() -> int:
        seen.note()
        return 1

    for name, parents in DIAMOND.items():
        builder.add_step(name, step, depends_on=list(parents))
    return builder


def _contenders(settings: Settings) -> list[Contender]:
    return [Contender(name=store, store=store) for store in settings.stores("sqlite")]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    tasks = ground.settings.scaled(10_000, 20)
    seen = _Seen()
    definition = _definition(seen)
    url = ground.fresh_url(contender)
    await fill(url, tasks, interrupted(definition.build(), time.time()))
    began = time.perf_counter()
    engine = Engine.open(url, definitions=definition, config=EngineConfig(backoff=AT_ONCE))
    async with engine:
        opened = time.perf_counter()
        await wait_until(lambda: seen.count >= STEPS_LEFT * tasks)
        await wait_until(lambda: engine.health().tasks.resident == 0)
        counts = await engine.count_tasks(TaskQuery())
    if counts != {TaskState.COMPLETE: tasks}:
        raise RuntimeError(f"not every task completed: {counts}")
    return Sample(
        metrics={
            "open_ms": (opened - began) * 1e3,
            "first_step_ms": (seen.first - began) * 1e3,
            "last_step_ms": (seen.last - began) * 1e3,
            "steps_per_second": seen.count / (seen.last - began),
            "tasks": tasks,
        }
    )


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, repeats=3)
