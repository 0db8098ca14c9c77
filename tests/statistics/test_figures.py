"""Every figure against brute force over the same store, on every kind of store."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tasker import Engine, TaskQuery, define
from tasker.ids import IdFactory
from tasker.statistics import reading
from tasker.stores import MemoryStore, SqliteStore, TaskState
from tasker.testing import ManualClock
from tasker.testing.clock import START
from tests.statistics import brute
from tests.statistics.random_work import append, nothing, worked, write_records

TOP = 5


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    return MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "tasks.db")


@pytest.fixture(autouse=True)
def short_pages(monkeypatch):
    """Have a few dozen tasks take several pages."""
    monkeypatch.setattr(reading, "PAGE", 13)


def same(found: Any, wanted: Any, where: str = "") -> None:
    """Compare plain data; sums of floats to the last digits but one."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), where
        for name, value in wanted.items():
            same(found[name], value, f"{where}.{name}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), where
        for at, value in enumerate(wanted):
            same(found[at], value, f"{where}[{at}]")
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12), where
    else:
        assert found == wanted, where


def plain(figures: Any) -> Any:
    return msgspec.to_builtins(figures, builtin_types=(datetime,))


async def compare(engine: Engine, store: Any, where: TaskQuery, top: int = TOP) -> Any:
    wanted = where.to_filter()
    everything = await brute.Everything.read(store, wanted)
    figures = await engine.statistics(where, top=top)
    # Lists are tuples in the figures.
    found = msgspec.convert(plain(figures), type=Any)
    same(lists(found), lists(brute.statistics(everything, wanted, engine._clock.now(), top)))
    return figures


def lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): lists(part) for name, part in value.items()}
    return [lists(part) for part in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("seed", range(1, 7))
async def test_workflows_that_ran(store, seed):
    async with worked(seed, store) as engine:
        figures = await compare(engine, store, TaskQuery())
        # How far they come over a file is not the same in every run.
        if isinstance(store, MemoryStore):
            assert figures.tasks.states[TaskState.COMPLETE]
            assert figures.steps.retries
            assert figures.steps.queue.max_seconds
            assert figures.errors
            assert figures.blocking.waits
        middle = datetime.fromtimestamp(START + 60, UTC)
        for where in (
            TaskQuery(namespace="shop"),
            TaskQuery(name="work1"),
            TaskQuery(version="1.0.0"),
            TaskQuery(states=["complete", "error"]),
            TaskQuery(created_from=middle),
            TaskQuery(created_until=middle),
            TaskQuery(created_from=middle, created_until=middle + timedelta(seconds=70)),
        ):
            await compare(engine, store, where)


@pytest.mark.parametrize("seed", range(1, 9))
async def test_whatever_a_store_may_hold(store, seed):
    async with Engine.open(store, work=False, clock=ManualClock(START + 7_000)) as engine:
        await write_records(seed, store, 80)
        await compare(engine, store, TaskQuery(), top=3)
        await compare(engine, store, TaskQuery(), top=1_000)
        for since, until in [(0, 3_000), (2_000, 4_000), (3_500, 90_000), (8_000, 9_000)]:
            first = datetime.fromtimestamp(START + since, UTC)
            last = datetime.fromtimestamp(START + until, UTC)
            await compare(engine, store, TaskQuery(created_from=first, created_until=last))


async def test_the_stores_agree(tmp_path):
    told = []
    for each in (MemoryStore(), SqliteStore(tmp_path / "tasks.db")):
        async with Engine.open(each, work=False, clock=ManualClock(START + 7_000)) as engine:
            await write_records(5, each, 60)
            told.append(await engine.statistics())
    assert told[0] == told[1]


@pytest.mark.parametrize("seed", range(1, 5))
async def test_performance(store, seed):
    clock = ManualClock()
    async with Engine.open(store, work=False, clock=clock) as engine:
        latest = await write_records(seed, store, 120, spread=100_000)
        await clock.advance(latest + 60 - START)
        for where in (TaskQuery(), TaskQuery(name="made1")):
            everything = await brute.Everything.read(store, where.to_filter())
            told = await engine.performance(where)
            same(
                lists(plain(told.windows)),
                lists([brute.window(everything, hours, clock.now()) for hours in (1.0, 4.0, 24.0)]),
            )
            assert told.active_tasks == brute.active(everything)
            assert told.health_score == brute.health(everything, clock.now())
            assert told.namespaces == len(await store.namespaces())
            day = clock.now() - 86_400
            assert told.definitions == len(
                {brute.key(task) for task in everything.tasks if task.created_at >= day}
            )
            assert 0 < told.windows[0].created < told.windows[1].created < told.windows[2].created


async def test_a_clock_set_back_hides_no_task(store):
    """Ids go on from where the clock was, and are later than what they are ids of."""
    chance, later = random.Random(1), IdFactory(ManualClock(START + 3_000))
    definition = define("late")
    definition.add_step("step", nothing)
    async with Engine.open(store, work=False, clock=ManualClock(START + 100)) as engine:
        await store.commit([append(chance, definition.build(), later(), START + 10)])
        for since, until, created in [(5, 20, 1), (0, 10, 0), (10, 11, 1), (11, 90, 0)]:
            told = await engine.statistics(
                TaskQuery(
                    created_from=datetime.fromtimestamp(START + since, UTC),
                    created_until=datetime.fromtimestamp(START + until, UTC),
                )
            )
            assert told.tasks.created == created
