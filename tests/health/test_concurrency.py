"""The rule by which the limit of steps gives way, and what it makes of an engine's figures."""

import logging
from typing import Any

import anyio
import pytest

from tasker import Engine, EngineConfig
from tasker.actors.permits import Permits
from tasker.actors.timers import Timers
from tasker.actors.workflow.plan import StepPlan
from tasker.concurrency import FALL_AFTER, RISE_AFTER, Bounds, Limit, Pressure, decide
from tasker.governor import Governor, LimitChange, PressureGauge
from tasker.stores import MemoryStore
from tasker.telemetry.metrics.commits import MeasuredCommits
from tasker.testing import ManualClock
from tasker.watchdog import BEAT_SECONDS, Watchdog
from tests.engine.support import Gate, request, until

BOUNDS = Bounds(least=3, usual=100, most=200)
NONE, MODERATE = Pressure(), Pressure(journal=0.6)
HIGH, CRITICAL = Pressure(loop=0.8), Pressure(store=2.0)


def follow(limit, *pressures, running=1_000, waiting=0, bounds=BOUNDS):
    """Return the limits that follow from each pressure, one decision each."""
    limits = []
    for pressure in pressures:
        limit = decide(bounds, limit, pressure, running=min(running, limit.value), waiting=waiting)
        limits.append(limit.value)
    return limits


@pytest.mark.parametrize(
    ("load", "level"),
    [
        (0.0, "low"),
        (0.5, "low"),
        (0.51, "moderate"),
        (0.7, "moderate"),
        (0.71, "high"),
        (0.85, "high"),
        (0.86, "critical"),
        (9.0, "critical"),
    ],
)
def test_levels(load, level):
    assert Pressure(loop=load, store=0.1).level == level


def test_without_pressure_the_limit_stays():
    assert follow(Limit(value=100), *[NONE] * 20) == [100] * 20
    assert follow(Limit(value=100), *[MODERATE] * 20) == [100] * 20


def test_one_stall_moves_nothing():
    assert FALL_AFTER == 2
    assert follow(Limit(value=100), CRITICAL, NONE, CRITICAL, MODERATE, CRITICAL) == [100] * 5


def test_lasting_pressure_lowers_it_to_the_least_and_no_further():
    assert follow(Limit(value=100), *[HIGH] * 4) == [100, 80, 80, 64]
    limits = follow(Limit(value=100), *[CRITICAL] * 30)
    assert limits[:6] == [100, 50, 50, 25, 25, 12]
    assert limits[-1] == 3
    assert limits == sorted(limits, reverse=True)


def test_it_falls_from_what_runs():
    assert follow(Limit(value=100), HIGH, HIGH, running=10) == [100, 8]
    # What does not run weighs on nothing.
    assert follow(Limit(value=100), *[CRITICAL] * 9, running=3) == [100] * 9


def test_it_rises_by_a_quarter_to_the_usual_once_there_is_ease():
    assert RISE_AFTER == 3
    limits = follow(Limit(value=3), *[NONE] * 20)
    assert limits[:6] == [3, 3, 4, 6, 8, 11]
    assert limits[-1] == 100


def test_what_has_fallen_does_not_rise_while_the_reason_is_half_there():
    assert follow(Limit(value=50), *[MODERATE] * 10) == [50] * 10
    # Ease that is interrupted begins anew.
    assert follow(Limit(value=50), NONE, NONE, MODERATE, NONE, NONE) == [50] * 5


def test_beyond_the_usual_it_goes_for_those_who_wait_and_comes_back():
    limits = follow(Limit(value=100), *[NONE] * 8, waiting=5)
    assert limits[:4] == [100, 100, 126, 158]
    assert limits[-1] == 200
    assert follow(Limit(value=200), *[NONE] * 4) == [200, 200, 100, 100]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (3, 2_000, 2_000)),
        ({"max_concurrent_steps": 2}, (2, 2, 2)),
        ({"max_concurrent_steps_limit": 12}, (3, 12, 12)),
        ({"max_concurrent_steps": 10, "max_concurrent_steps_limit": 40}, (3, 10, 40)),
        ({"max_concurrent_steps": 10, "min_concurrent_steps": 10}, (10, 10, 10)),
    ],
)
def test_bounds_of_the_settings(settings, expected):
    bounds = EngineConfig(**settings).concurrency
    assert (bounds.least, bounds.usual, bounds.most) == expected


def test_settings_that_cannot_be():
    with pytest.raises(ValueError, match=r"min_concurrent_steps \(20\) cannot exceed max.*\(12\)"):
        EngineConfig(min_concurrent_steps=20, max_concurrent_steps_limit=12)
    with pytest.raises(ValueError, match="concurrency_cache_duration"):
        EngineConfig(concurrency_cache_duration=0.0)


class Governed:
    """A governor whose pressure a test sets."""

    def __init__(self, bounds=BOUNDS):
        clock = ManualClock()
        self.pressure = NONE
        self.told: list[LimitChange] = []
        self.permits = Permits(bounds.usual, Timers(clock), clock.now)
        self.governor = Governor(
            self.permits, bounds, 1.0, lambda: self.pressure, tell=self.told.append
        )


def test_changes_reach_the_permits_and_are_counted_and_told():
    governed = Governed()
    step = StepPlan(name="s", index=0)
    assert all(governed.permits.try_acquire(step) for _ in range(100))
    governed.pressure = CRITICAL
    governed.governor.look()
    assert governed.told == []
    governed.governor.look()
    assert governed.permits.limit == 50
    assert governed.told == [LimitChange(before=100, after=50, pressure=CRITICAL)]
    governed.pressure = NONE
    for _ in range(3):
        governed.governor.look()
    assert governed.permits.limit == 63
    stands = governed.governor.statistics()
    assert (stands.limit, stands.lowered, stands.raised, stands.pressure) == (63, 1, 1, NONE)


def test_a_change_is_logged(caplog):
    governed = Governed()
    governor = Governor(governed.permits, BOUNDS, 1.0, lambda: HIGH)
    for _ in range(50):
        governed.permits.try_acquire(StepPlan(name="s", index=0))
    with caplog.at_level(logging.INFO, logger="tasker"):
        governor.look()
        governor.look()
    (line,) = caplog.messages
    assert "at most 40 steps run at once from now on, fewer than 100: pressure is high" in line
    assert "loop 80%" in line


class Queue:
    """A journal of which only the length of the queue matters."""

    def __init__(self):
        self.queued = 0

    def statistics(self):
        return self


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


class Commits:
    """A store whose commits take as long as they are told to."""

    def __init__(self, clock):
        self.clock = clock
        self.takes = 0.0

    async def commit(self, appends):
        self.clock.seconds += self.takes
        return [None] * len(appends)


def measured(store: Any, queue: Any, clock: Any, watchdog: Watchdog) -> tuple[Any, Any]:
    commits = MeasuredCommits(store, clock)
    return commits, PressureGauge(queue, 100, commits, watchdog)


async def test_pressure_is_what_was_measured_since_the_last_look():
    clock, queue = Clock(), Queue()
    store = Commits(clock)
    watchdog = Watchdog(monotonic=clock)
    commits, gauge = measured(store, queue, clock, watchdog)
    assert gauge.measure() == Pressure()
    store.takes = 0.2
    for _ in range(3):
        await commits.commit([1, 2])
    queue.queued = 100
    assert gauge.measure().sources() == pytest.approx({"journal": 0, "loop": 0, "store": 0.2})
    # Beyond one batch those in the queue wait for further commits.
    await commits.commit([1])
    queue.queued = 300
    assert gauge.measure().journal == pytest.approx(0.4)
    queue.queued = 0
    watchdog.beat()
    for late in (0.3, 0.1):
        clock.seconds += BEAT_SECONDS + late
        watchdog.beat()
    assert watchdog.lag() >= 0.3
    gauge.measure()
    clock.seconds += BEAT_SECONDS + 0.25
    watchdog.beat()
    assert gauge.measure().sources() == pytest.approx({"journal": 0, "loop": 0.5, "store": 0})


async def test_a_commit_that_does_not_end_is_pressure():
    gate, clock = Gate(), Clock()

    class Stuck:
        async def commit(self, appends):
            await gate.pass_through()
            return [None]

    commits, gauge = measured(Stuck(), Queue(), clock, Watchdog(monotonic=clock))
    async with anyio.create_task_group() as group:
        group.start_soon(commits.commit, [1])
        await gate.until(entered=1)
        clock.seconds += 0.9
        assert gauge.measure().store == pytest.approx(0.9)
        gate.open()
    assert commits.under_way_seconds == 0.0


class Slow(MemoryStore):
    """A store whose commits take as long as they are told to."""

    takes = 0.0

    async def commit(self, appends):
        await anyio.sleep(self.takes)
        return await super().commit(appends)


async def test_an_engine_gives_way_to_a_slow_store_and_recovers():
    gate, store = Gate(), Slow()
    config = EngineConfig(
        max_concurrent_steps=8, concurrency_cache_duration=0.05, shutdown_seconds=0.0
    )
    async with (
        Engine.open(store, definitions=gate.definition(), config=config) as engine,
        anyio.create_task_group() as group,
    ):
        for n in range(8):
            await engine.submit(request(context={"n": n}))
        await gate.until(entered=8)
        store.takes = 1.5
        group.start_soon(engine.submit, request(context={"n": 9}))
        await until(lambda: engine.health().permits.limit == 3)
        status = await engine.status(fresh=True)
        assert status.pressure == "critical"
        assert status.figures.concurrency.lowered >= 1
        store.takes = 0.0
        gate.open()
        await until(lambda: engine.health().permits.limit == 8)
