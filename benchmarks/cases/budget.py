"""How far is a diamond from the sum of the parts that it is made of?

Counted in a run of its own: the actors that the engine starts for a diamond, the
messages, the waits for one, its appends and commits. Measured in the same process,
before and after: what each of these costs by itself, an actor as an anyio task-group
spawn, and the same rows in bare transactions of the same size. The budget is their
sum. It has no rules, no checks, no scheduling in it, and no overlap of the loop with
the store's thread either, so that a ratio of 1 is not a wall.

The engine keeps coroutines of actors that ended for those to come, and so spawns
fewer than it starts actors. ``of_kept_budget`` counts what it really spawns, and a
hop for each actor that is woken in a coroutine that was kept: less than the budget,
since it leaves out what the engine has saved.
"""

import tempfile
from pathlib import Path

import anyio.to_thread
from msgspec import Struct

from benchmarks import limits
from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.counting import Counts, counting
from benchmarks.recorded import batched, diamond_appends
from benchmarks.shapes import DIAMOND, definition, request
from tasker.bench.load import run_load
from tasker.engine import Engine

CONCURRENCY = 256
_DIAMOND = definition("diamond", DIAMOND)


class _Costs(Struct):
    """Seconds by operation; ``writes`` are those of a diamond's rows and commits."""

    spawn: float
    hop: float
    nowait: float
    event: float
    encode: float
    writes: float


class _Run(Struct):
    """What the engine did for a diamond, on average."""

    seconds: float
    appends: float
    commits: float


def _contenders(settings: Settings) -> list[Contender]:
    return [Contender(name=store, store=store) for store in settings.stores("sqlite")]


async def _sample(contender: Contender, ground: Ground) -> Sample:
    settings = ground.settings
    tasks, in_flight = settings.scaled(4_000, 16), settings.scaled(CONCURRENCY, 8)
    with counting() as counts:
        await _run(ground.url(contender, f"counted-{ground.repeat}"), tasks // 4, in_flight)
    # Read here: what is measured afterwards is not counted, but the tasks are known.
    counted = tasks // 4
    run = await _run(ground.fresh_url(contender), tasks, in_flight)
    size = max(1, round(run.appends / run.commits))
    before = await _costs(ground, contender, tasks, size)
    again = await _run(ground.url(contender, f"again-{ground.repeat}"), tasks, in_flight)
    after = await _costs(ground, contender, tasks, size)
    hop_us = (before.hop + after.hop) / 2 * 1e6
    engine_us = (run.seconds + again.seconds) / 2 * 1e6
    parts = {
        name: (_parts(before, counts, counted, run)[name] + value) / 2
        for name, value in _parts(after, counts, counted, run).items()
    }
    budget_us = sum(parts.values())
    saved = (counts.actors - counts.spawns) / counted
    kept_us = budget_us - saved * (parts["spawn"] / (counts.actors / counted) - hop_us)
    return Sample(
        metrics={
            "engine_us": engine_us,
            "budget_us": budget_us,
            "of_budget": budget_us / engine_us,
            "of_kept_budget": kept_us / engine_us,
            **{f"{name}_us": value for name, value in parts.items()},
            "actors": counts.actors / counted,
            "spawns": counts.spawns / counted,
            "messages": counts.messages / counted,
            "waits": (counts.waits + counts.events) / counted,
            "appends": run.appends,
            "appends_a_commit": run.appends / run.commits,
        }
    )


async def _run(url: str, tasks: int, in_flight: int) -> _Run:
    async with Engine.open(url, definitions=_DIAMOND) as engine:
        await run_load(engine, request("diamond"), concurrency=in_flight, tasks=tasks // 10 or 1)
        before = engine.health().journal
        load = await run_load(engine, request("diamond"), concurrency=in_flight, tasks=tasks)
        after = engine.health().journal
    return _Run(
        seconds=load.seconds / load.tasks,
        appends=(after.appends - before.appends) / load.tasks,
        commits=(after.commits - before.commits) / load.tasks,
    )


async def _costs(ground: Ground, contender: Contender, tasks: int, size: int) -> _Costs:
    count = ground.settings.scaled(20_000, 200)
    appends = await diamond_appends(tasks)
    with tempfile.TemporaryDirectory(dir=ground.directory) as folder:
        writes = 0.0
        if contender.store in ("sqlite", "sqlite-relaxed"):
            writes = await anyio.to_thread.run_sync(
                limits.bare_transactions,
                Path(folder),
                batched(appends, size),
                "strict" if contender.store == "sqlite" else "relaxed",
            )
    return _Costs(
        spawn=await limits.spawn(count),
        hop=await limits.hop(count),
        nowait=await limits.hop_nowait(count),
        event=await limits.event(count),
        encode=limits.encode(appends),
        writes=writes / tasks,
    )


def _parts(costs: _Costs, counts: Counts, counted: int, run: _Run) -> dict[str, float]:
    """Return the budget of a diamond by part, in microseconds."""
    # An actor in a coroutine that was kept waits for its start: that is in its spawn.
    hops = counts.waits - (counts.actors - counts.spawns)
    seconds = {
        "spawn": costs.spawn * counts.actors / counted,
        "hop": costs.hop * hops / counted,
        "nowait": costs.nowait * max(0, counts.messages - counts.waits) / counted,
        "event": costs.event * counts.events / counted,
        "encode": costs.encode * run.appends,
        "writes": costs.writes,
    }
    return {name: value * 1e6 for name, value in seconds.items()}


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        Ratio(
            name=f"{store}: budget over engine",
            of=(store, "budget_us"),
            to=(store, "engine_us"),
            at_least=0.4,
        )
        for store in settings.stores("sqlite")
    ]


CASE = Case(question=__doc__ or "", contenders=_contenders, sample=_sample, ratios=_ratios)
