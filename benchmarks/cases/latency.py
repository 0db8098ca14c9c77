"""How long does one workflow take, from submitting it to knowing that it is done?

Idle: one diamond at a time; its bound is 1.5 times its appends, each a commit as
measured in the same process, and 2 ms. Busy: at 70 % of the throughput that was
found just before, submitted at an even rate, and every wait counts from the
instant at which the task was due.
"""

import anyio.to_thread

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.limits import commit
from benchmarks.shapes import DIAMOND, definition, request
from tasker.bench.distribution import Latency
from tasker.bench.load import best_load, run_at_rate, run_load
from tasker.engine import Engine

BUSY_SHARE = 0.7


def _contenders(settings: Settings) -> list[Contender]:
    return [
        Contender(name=f"{load}, {store}", store=store, options={"load": load})
        for store in settings.stores("sqlite")
        for load in ("idle", "busy")
    ]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    url = ground.fresh_url(contender)
    async with Engine.open(url, definitions=definition("diamond", DIAMOND)) as engine:
        if contender.options["load"] == "busy":
            return await _busy(engine, ground)
        return await _idle(engine, ground)


async def _idle(engine: Engine, ground: Ground) -> Sample:
    tasks = ground.settings.scaled(300, 5)
    await run_load(engine, request("diamond"), concurrency=1, tasks=tasks // 4)
    before = engine.health().journal
    synced = await _commit_ms(ground)
    load = await run_load(engine, request("diamond"), concurrency=1, tasks=tasks)
    synced = (synced + await _commit_ms(ground)) / 2
    appends = (engine.health().journal.appends - before.appends) / load.tasks
    bound = 1.5 * appends * synced + 2.0
    return Sample(
        metrics={
            **_waits(load.latency),
            "appends": appends,
            "commit_ms": synced,
            "bound_ms": bound,
            "of_bound": load.latency.p50_ms / bound,
        }
    )


async def _busy(engine: Engine, ground: Ground) -> Sample:
    quick = ground.settings.quick
    peak = await best_load(
        engine,
        request("diamond"),
        concurrency=(8,) if quick else (64, 256),
        seconds=0.1 if quick else 2.0,
    )
    rate = BUSY_SHARE * peak.tasks_per_second
    load = await run_at_rate(
        engine, request("diamond"), per_second=rate, seconds=0.1 if quick else 5.0
    )
    return Sample(
        metrics={
            **_waits(load.latency),
            "asked_tasks_per_second": rate,
            "tasks_per_second": load.tasks_per_second,
            "in_flight": load.concurrency,
        }
    )


async def _commit_ms(ground: Ground) -> float:
    count = ground.settings.scaled(200, 5)
    return await anyio.to_thread.run_sync(commit, ground.directory, count) * 1e3


def _waits(latency: Latency) -> dict[str, float]:
    return {"p50_ms": latency.p50_ms, "p95_ms": latency.p95_ms, "p99_ms": latency.p99_ms}


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"idle, {store}: median over 1.5 (appends * commit) + 2 ms",
            of=(f"idle, {store}", "p50_ms"),
            to=(f"idle, {store}", "bound_ms"),
            at_most=1.0,
        )
        for store in settings.stores("sqlite")
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
