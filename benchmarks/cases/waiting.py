"""What do a million workflows cost that only wait for their next attempt?

They are real rows, written through the store's own interface before the clock
starts: one failed step each, due again some day. Then an engine opens the store:
how long that takes, what memory it holds, what CPU it uses while nothing is due
(nothing must be polled for each task), and what it costs to wake those that
become due all at once.
"""

import time

import anyio
import msgspec

from benchmarks.bulk import fill, waiting
from benchmarks.case import Case, Contender, Ground, Ratio, Sample, Settings
from benchmarks.shapes import definition
from benchmarks.waiting_until import wait_until
from tasker.actors.clock import SystemClock
from tasker.bench.memory import resident_bytes
from tasker.engine import Engine

MIB_ALLOWED = 300.0
START_SECONDS_ALLOWED = 10.0
ROUND_SECONDS = 1_000.0
"""Between the instants at which one repeat's tasks are due and the next one's."""
SOME_DAY_SECONDS = 1e8
REPEATS = 3
_GRAPH = {"again": ()}


class ShiftedClock(SystemClock):
    """The machine's clock with another date on it."""

    def __init__(self, now: float) -> None:
        self._ahead = now - time.time()

    def now(self) -> float:
        """See `SystemClock.now`."""
        return super().now() + self._ahead


class _Plan(msgspec.Struct):
    """What was prepared: ``woken`` tasks are due ``ROUND_SECONDS`` apart for each repeat."""

    start: float
    tasks: int
    woken: int


def _contenders(settings: Settings) -> list[Contender]:
    return [Contender(name=store, store=store) for store in settings.stores("sqlite")]


async def _prepare(contender: Contender, ground: Ground) -> Sample:
    settings = ground.settings
    plan = _Plan(
        start=time.time(), tasks=settings.scaled(1_000_000, 200), woken=settings.scaled(2_000, 10)
    )

    def wake_at(number: int) -> float:
        turn = number // plan.woken
        if turn < REPEATS:
            return plan.start + ROUND_SECONDS * (turn + 1)
        return plan.start + SOME_DAY_SECONDS + number

    builder = definition("waiting", _GRAPH)
    began = time.perf_counter()
    await fill(ground.url(contender), plan.tasks, waiting(builder.build(), plan.start, wake_at))
    await anyio.Path(ground.directory, "plan.json").write_bytes(msgspec.json.encode(plan))
    return Sample(metrics={"fill_seconds": time.perf_counter() - began})


async def _sample(contender: Contender, ground: Ground) -> Sample:
    raw = await anyio.Path(ground.directory, "plan.json").read_bytes()
    plan = msgspec.json.decode(raw, type=_Plan)
    lead = 1.0 if ground.settings.quick else 20.0
    due = plan.start + ROUND_SECONDS * (ground.repeat + 1)
    clock = ShiftedClock(due - lead)
    engine = Engine.open(
        ground.url(contender), definitions=definition("waiting", _GRAPH), clock=clock
    )
    began = time.perf_counter()
    async with engine:
        opened = time.perf_counter() - began
        resident = resident_bytes() / 2**20
        used, since = time.process_time(), time.perf_counter()
        await anyio.sleep(max(0.1, (due - clock.now()) * 0.9))
        idle = (time.process_time() - used) / (time.perf_counter() - since)
        await anyio.sleep(max(0.0, due - clock.now()))
        used = time.process_time()
        await wait_until(lambda: engine.health().tasks.ended >= plan.woken)
        wall, cpu = clock.now() - due, time.process_time() - used
    return Sample(
        metrics={
            "start_ms": opened * 1e3,
            "resident_mib": resident,
            "idle_cpu_percent": idle * 100,
            "wake_us": wall / plan.woken * 1e6,
            "wake_cpu_us": cpu / plan.woken * 1e6,
            "waiting_tasks": plan.tasks,
        },
    )


def _ratios(settings: Settings) -> list[Ratio]:
    return [
        ratio
        for store in settings.stores("sqlite")
        for ratio in (
            Ratio(
                name=f"{store}: memory over 300 MiB",
                of=(store, "resident_mib"),
                to=MIB_ALLOWED,
                at_most=1.0,
            ),
            Ratio(
                name=f"{store}: start over 10 s",
                of=(store, "start_ms"),
                to=START_SECONDS_ALLOWED * 1e3,
                at_most=1.0,
            ),
        )
    ]


CASE = Case(
    question=__doc__ or "",
    contenders=_contenders,
    prepare=_prepare,
    sample=_sample,
    ratios=_ratios,
    repeats=REPEATS,
)
