"""Does a step cost more as the store fills up, and as the graph gets larger?

Diamonds on stores that hold none, a million and ten million finished steps; and
graphs of ten to five thousand steps, as many of them in flight at once for each.
"""

import time

from benchmarks.bulk import fill, finished
from benchmarks.case import Case, Contender, Curve, Ground, Ratio, Sample, Settings
from benchmarks.shapes import DIAMOND, definition, layered, request
from tasker.bench.load import run_load
from tasker.engine import Engine

FINISHED = (0, 1_000_000, 10_000_000)
QUICK_FINISHED = (0, 100)
STEPS = (10, 100, 1_000, 5_000)
QUICK_STEPS = (10, 50)
STEPS_A_FINISHED_TASK = 10
IN_FLIGHT = 8
STORE = "finished steps in the store"
GRAPH = "steps in the graph"


def _finished(settings: Settings) -> tuple[int, ...]:
    return QUICK_FINISHED if settings.quick else FINISHED


def _steps(settings: Settings) -> tuple[int, ...]:
    return QUICK_STEPS if settings.quick else STEPS


def _contenders(settings: Settings) -> list[Contender]:
    [store] = settings.stores("sqlite")
    return [
        *(
            Contender(name=f"{n:,} finished", store=store, series=STORE, x=n)
            for n in _finished(settings)
        ),
        *(
            Contender(name=f"graph of {n:,}", store=store, series=GRAPH, x=n)
            for n in _steps(settings)
        ),
    ]


async def _prepare(contender: Contender, ground: Ground) -> Sample:
    began = time.perf_counter()
    if contender.series == STORE and contender.x:
        tasks = int(contender.x) // STEPS_A_FINISHED_TASK
        made = definition("finished", layered(STEPS_A_FINISHED_TASK)).build()
        await fill(ground.url(contender), tasks, finished(made, time.time()))
    return Sample(metrics={"fill_seconds": time.perf_counter() - began})


async def _sample(contender: Contender, ground: Ground) -> Sample:
    settings = ground.settings
    if contender.series == STORE:
        made, name, in_flight = definition("diamond", DIAMOND), "diamond", settings.scaled(256, 8)
        tasks = settings.scaled(4_000, 16)
    else:
        steps = int(contender.x or 0)
        made, name, in_flight = definition("layered", layered(steps)), "layered", IN_FLIGHT
        tasks = max(IN_FLIGHT, settings.scaled(20_000, 100) // steps)
    async with Engine.open(ground.url(contender), definitions=made) as engine:
        await run_load(engine, request(name), concurrency=in_flight, tasks=max(1, tasks // 10))
        load = await run_load(engine, request(name), concurrency=in_flight, tasks=tasks)
    return Sample(
        metrics={
            "step_us": 1e6 / load.steps_per_second,
            "steps_per_second": load.steps_per_second,
            "steps": load.steps,
        }
    )


def _ratios(settings: Settings) -> list[Ratio]:
    done, steps = _finished(settings), _steps(settings)
    return [
        *(
            Ratio(
                name=f"a step with {n:,} finished over one with none",
                of=(f"{n:,} finished", "step_us"),
                to=(f"{done[0]:,} finished", "step_us"),
                at_most=1.25,
            )
            for n in done[1:]
        ),
        *(
            Ratio(
                name=f"a step of {n:,} over one of {steps[0]}",
                of=(f"graph of {n:,}", "step_us"),
                to=(f"graph of {steps[0]:,}", "step_us"),
                at_most=1.3,
            )
            for n in steps[1:]
        ),
    ]


CASE = Case(
    question=__doc__ or "",
    contenders=_contenders,
    prepare=_prepare,
    sample=_sample,
    ratios=_ratios,
    repeats=3,
    curves=(
        Curve(
            title="Cost of a step against what the store holds",
            series=(STORE,),
            x_label="finished steps in the store",
            metric="step_us",
            y_label="µs a step",
        ),
        Curve(
            title="Cost of a step against the size of the graph",
            series=(GRAPH,),
            x_label="steps in the graph",
            metric="step_us",
            y_label="µs a step",
        ),
    ),
)
