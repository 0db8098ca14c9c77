"""How long do the figures take over a store of many finished tasks, and what do they disturb?

A hundred thousand diamonds that were created over a day: the figures of all of them,
and of the latest hour, which should cost what that hour holds. And diamonds that run
in the same process, alone and while the figures of all are read again and again.
"""

import time
from datetime import UTC, datetime

import anyio
import msgspec

from benchmarks.bulk import fill, measured
from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.shapes import DIAMOND, definition, request
from tasker.bench.load import run_load
from tasker.definitions.definition import Definition
from tasker.engine import Engine
from tasker.reading import TaskQuery
from tasker.stores.protocols import Store
from tasker.stores.records import DefinitionRecord
from tasker.stores.urls import make_store

HOURS = 24
HOUR_ALLOWED = 0.1
"""The time for the latest hour over that for all, of which it is a twenty-fourth."""
IN_FLIGHT = 64
ALL, HOUR, ALONE, BESIDE = "all", "one hour", "diamonds alone", "diamonds beside figures"


def _contenders(settings: Settings) -> list[Contender]:
    return [
        Contender(name=name, store=store, options={"what": name})
        for store in settings.stores("sqlite")
        for name in (ALL, HOUR, ALONE, BESIDE)
    ]


async def _prepare(contender: Contender, ground: Ground) -> Sample:
    tasks = ground.settings.scaled(100_000, 200)
    made = definition("measured", DIAMOND).build()
    url = ground.url(contender)
    began = time.perf_counter()
    store = make_store(url)
    await store.open()
    await _keep(store, made)
    await store.close()
    await fill(url, tasks, measured(made, time.time(), HOURS * 3_600.0, tasks))
    return Sample(metrics={"fill_seconds": time.perf_counter() - began})


async def _keep(store: Store, made: Definition) -> None:
    """Keep the definition, as the engine does before a task of it runs."""
    await store.put_definition(
        DefinitionRecord(
            hash=made.hash,
            namespace=made.namespace,
            name=made.name,
            version=made.version,
            body=msgspec.Raw(msgspec.json.encode(made)),
            created_at=0.0,
        )
    )


async def _sample(contender: Contender, ground: Ground) -> Sample:
    what = contender.options["what"]
    take = _figures if what in (ALL, HOUR) else _load
    return await take(what, ground.url(contender), ground.settings)


async def _figures(what: str, url: str, settings: Settings) -> Sample:
    async with Engine.open(url, work=False) as engine:
        # Once before the clock starts: the first read finds the file on the disk.
        if not settings.quick:
            await engine.statistics()
        everything = await engine.statistics()
        since = everything.period.until.timestamp() - 3_600.0
        hour = TaskQuery(created_from=datetime.fromtimestamp(since, UTC))
        began = time.perf_counter()
        told = await engine.statistics(hour if what == HOUR else None)
        took = time.perf_counter() - began
    return Sample(
        metrics={
            "read_ms": took * 1e3,
            "task_us": took * 1e6 / max(1, told.tasks.created),
            "tasks": told.tasks.created,
        }
    )


async def _load(what: str, url: str, settings: Settings) -> Sample:
    tasks, read = settings.scaled(4_000, 16), 0

    async def read_on(engine: Engine) -> None:
        nonlocal read
        while True:
            await engine.statistics()
            read += 1

    made = definition("diamond", DIAMOND)
    async with Engine.open(url, definitions=made) as engine, anyio.create_task_group() as group:
        await run_load(engine, request("diamond"), concurrency=IN_FLIGHT, tasks=tasks // 10)
        if what == BESIDE:
            group.start_soon(read_on, engine)
        load = await run_load(engine, request("diamond"), concurrency=IN_FLIGHT, tasks=tasks)
        group.cancel_scope.cancel()
    return Sample(metrics={"steps_per_second": load.steps_per_second, "reads": read})


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name="the figures of one hour over those of all",
            of=(HOUR, "read_ms"),
            to=(ALL, "read_ms"),
            at_most=HOUR_ALLOWED,
        ),
        Ratio(
            name="steps beside figures over steps alone",
            of=(BESIDE, "steps_per_second"),
            to=(ALONE, "steps_per_second"),
        ),
    ]


CASE = Case(
    question=__doc__ or "",
    contenders=_contenders,
    prepare=_prepare,
    sample=_sample,
    ratios=_ratios,
    repeats=3,
)
