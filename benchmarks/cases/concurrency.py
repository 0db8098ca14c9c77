"""How do throughput and latency change with more tasks in flight, and with longer steps?

Diamonds, from one in flight to a hundred thousand, all submitted by one process;
and a thousand in flight whose steps sleep for a while. The aim is a curve that
rises until a core is full and then stays flat. Up to a thousand, each task has a
caller that waits for it; beyond, a few callers submit, and nobody waits for each.
"""

import anyio

from benchmarks.case import Case, Contender, Curve, Ground, Ratio, Sample, Settings
from benchmarks.in_flight import run_in_flight
from benchmarks.shapes import DIAMOND, NAMESPACE, definition, request
from benchmarks.throughput import load_metrics
from tasker.bench.load import run_load
from tasker.definitions.python import DefinitionBuilder, define
from tasker.engine import Engine

IN_FLIGHT = (1, 10, 100, 1_000, 10_000, 100_000)
QUICK_IN_FLIGHT = (1, 10)
MOST_CALLERS = 1_000
DURATIONS_MS = (0, 1, 10, 100, 1_000)
QUICK_DURATIONS_MS = (0, 1)
FLIGHT = "tasks in flight"
DURATION = "step duration"


def _contenders(settings: Settings) -> list[Contender]:
    in_flight = QUICK_IN_FLIGHT if settings.quick else IN_FLIGHT
    durations = QUICK_DURATIONS_MS if settings.quick else DURATIONS_MS
    [store] = settings.stores("sqlite")
    return [
        *(Contender(name=f"{n:,} in flight", store=store, series=FLIGHT, x=n) for n in in_flight),
        *(Contender(name=f"steps of {n} ms", store=store, series=DURATION, x=n) for n in durations),
    ]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    settings, x = ground.settings, contender.x or 0.0
    graph = contender.series == FLIGHT
    in_flight = int(x) if graph else settings.scaled(1_000, 10)
    tasks = max(in_flight, settings.scaled(4_000 if graph else 2_000, 10))
    if in_flight > MOST_CALLERS:
        # Some end while others are still being submitted.
        tasks = in_flight * 11 // 10
    if in_flight == 1:
        tasks = settings.scaled(500, 5)
    made = definition("diamond", DIAMOND) if graph else _sleeping(x / 1e3)
    name = "diamond" if graph else "sleeping"
    async with Engine.open(ground.fresh_url(contender), definitions=made) as engine:
        warm_up = min(1_000, tasks // 10 or 1)
        await run_load(engine, request(name), concurrency=min(64, in_flight), tasks=warm_up)
        if in_flight > MOST_CALLERS:
            load = await run_in_flight(engine, request(name), in_flight=in_flight, tasks=tasks)
        else:
            load = await run_load(engine, request(name), concurrency=in_flight, tasks=tasks)
    return Sample(metrics=load_metrics(load))


def _sleeping(seconds: float) -> DefinitionBuilder:
    builder = define("sleeping", namespace=NAMESPACE)

    async def sleep() -> int:
        await anyio.sleep(seconds)
        return 1

    for step, parents in DIAMOND.items():
        builder.add_step(step, sleep, depends_on=list(parents))
    return builder


def _ratios(settings: Settings) -> list[Ratio]:
    in_flight = QUICK_IN_FLIGHT if settings.quick else IN_FLIGHT
    last = f"{in_flight[-1]:,} in flight"
    return [
        Ratio(
            name=f"{last} over {n:,}",
            of=(last, "steps_per_second"),
            to=(f"{n:,} in flight", "steps_per_second"),
            at_least=0.85,
        )
        for n in in_flight[:-1]
    ]


CASE = Case(
    question=__doc__ or "",
    contenders=_contenders,
    sample=_sample,
    ratios=_ratios,
    repeats=3,
    curves=(
        Curve(
            title="Throughput against tasks in flight",
            series=(FLIGHT,),
            x_label="tasks in flight",
            metric="steps_per_second",
            y_label="steps/s",
        ),
        Curve(
            title="Latency against tasks in flight",
            series=(FLIGHT,),
            x_label="tasks in flight",
            metric="p50_ms",
            y_label="median wait, ms",
        ),
        Curve(
            title="Throughput against step duration, 1,000 tasks in flight",
            series=(DURATION,),
            x_label="duration of a step, ms",
            metric="steps_per_second",
            y_label="steps/s",
        ),
    ),
)
