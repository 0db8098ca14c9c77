"""What does the engine cost over the same graphs run by plain anyio, with no engine at all?

The memory store, so that the disk has no part in it; beside it a task group for
each layer of the graph and a coroutine for each step, with nothing kept, checked,
retried, or answered for.
"""

from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.plain_dag import run_plain
from benchmarks.shapes import SHAPES
from benchmarks.throughput import best_throughput, load_metrics


def _contenders(settings: Settings) -> list[Contender]:
    [store] = settings.stores("memory")
    return [
        Contender(name=f"{who}, {shape}", store=store, options={"who": who, "shape": shape})
        for shape in SHAPES
        for who in ("Tasker", "anyio")
    ]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    shape = contender.options["shape"]
    quick = ground.settings.quick
    seconds = 0.1 if quick else 2.0
    in_flight = (2,) if quick else (4, 16, 64) if shape == "fanout" else (64, 256)
    if contender.options["who"] == "Tasker":
        load = await best_throughput(
            ground.fresh_url(contender),
            shape,
            SHAPES[shape],
            seconds=seconds,
            concurrency=in_flight,
        )
        return Sample(metrics=load_metrics(load))
    best = 0.0
    await run_plain(SHAPES[shape], concurrency=in_flight[0], seconds=seconds / 4)
    for concurrency in in_flight:
        steps, took = await run_plain(SHAPES[shape], concurrency=concurrency, seconds=seconds)
        best = max(best, steps / took)
    return Sample(metrics={"steps_per_second": best})


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"{shape}: Tasker in memory over plain anyio",
            of=(f"Tasker, {shape}", "steps_per_second"),
            to=(f"anyio, {shape}", "steps_per_second"),
            at_least=0.4,
        )
        for shape in SHAPES
    ]


CASE = Case(
    question=__doc__ or "",
    contenders=_contenders,
    sample=_sample,
    ratios=_ratios,
    headline="steps_per_second",
)
