"""Permits: by priority, without overtaking, bounded in every way, and given back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tasker.actors.permits import Permits, Waiter
from tasker.actors.supervisor import Supervisor
from tasker.actors.timers import Timers
from tasker.actors.workflow.plan import StepPlan
from tasker.testing import ManualClock


class Desk:
    """Permits, and a list of who was given one."""

    def __init__(self, limit: int, start: float = 0.0) -> None:
        self.clock = ManualClock(start)
        self.timers = Timers(self.clock)
        self.permits = Permits(limit, self.timers, self.clock.now)
        self.granted: list[str] = []

    def wait(self, name: str, step: StepPlan, priority: int = 0) -> Waiter:
        waiter = Waiter(step, lambda: self.granted.append(name))
        self.permits.wait(waiter, priority)
        return waiter

    def figures(self) -> tuple[int, int]:
        statistics = self.permits.statistics()
        return statistics.in_use, statistics.waiting


@asynccontextmanager
async def desk(limit: int) -> AsyncIterator[Desk]:
    made = Desk(limit)
    async with Supervisor("top") as top:
        top.adopt(made.timers)
        yield made


def step(key: str | None = None, **bounds: Any) -> StepPlan:
    return StepPlan(name="s", index=0, limit_key=key, **bounds)


FREE = step()


def test_the_process_is_bounded():
    d = Desk(2)
    assert d.permits.try_acquire(FREE)
    assert d.permits.try_acquire(FREE)
    assert not d.permits.try_acquire(FREE)
    d.permits.release(FREE)
    assert d.permits.try_acquire(FREE)
    assert d.figures() == (2, 0)


def test_the_highest_priority_goes_first_and_then_the_oldest():
    d = Desk(1)
    assert d.permits.try_acquire(FREE)
    for name, priority in (("low", -1), ("old", 0), ("young", 0), ("high", 5)):
        d.wait(name, FREE, priority)
    assert d.granted == []
    for _ in range(4):
        d.permits.release(FREE)
    assert d.granted == ["high", "old", "young", "low"]


def test_priority_counts_over_all_keys():
    d = Desk(1)
    a, b = step("a", concurrency=5), step("b", concurrency=5)
    assert d.permits.try_acquire(FREE)
    d.wait("a", a, 1)
    d.wait("b", b, 2)
    d.wait("free", FREE, 3)
    d.permits.release(FREE)
    d.permits.release(FREE)
    d.permits.release(b)
    assert d.granted == ["free", "b", "a"]


def test_nobody_overtakes_one_who_waits_for_the_same():
    d = Desk(10)
    one = step("a", concurrency=1)
    assert d.permits.try_acquire(one)
    d.wait("first", one)
    d.permits.set_limit(0)
    d.permits.release(one)
    assert not d.permits.try_acquire(one)
    d.permits.set_limit(10)
    assert d.granted == ["first"]
    assert not d.permits.try_acquire(one)


def test_one_key_that_is_full_does_not_hold_up_another():
    d = Desk(10)
    one, other = step("a", concurrency=1), step("b", concurrency=1)
    assert d.permits.try_acquire(one)
    d.wait("a", one, 100)
    assert d.permits.try_acquire(other)
    d.wait("b", other)
    d.permits.release(other)
    assert d.granted == ["b"]


def test_the_strictest_bound_seen_holds():
    d = Desk(10)
    assert d.permits.try_acquire(step("a", concurrency=3))
    assert d.permits.try_acquire(step("a", concurrency=2))
    assert not d.permits.try_acquire(step("a"))


def test_steps_without_a_key_share_no_limiter():
    d = Desk(10)
    assert all(d.permits.try_acquire(step(None, concurrency=1)) for _ in range(5))


async def test_starts_under_a_rate_are_spaced_evenly():
    async with desk(10) as d:
        rated = step("a", rate=2.0)
        assert d.permits.try_acquire(rated)
        assert not d.permits.try_acquire(rated)
        for n in range(3):
            d.wait(f"w{n}", rated)
        times = []
        for _ in range(4):
            times.append(len(d.granted))
            await d.clock.advance(0.5)
        assert times == [0, 1, 2, 3]
        assert d.permits.try_acquire(rated)
        d.permits.release(rated)
        assert not d.permits.try_acquire(rated)  # a rate is of starts, not of what runs
        await d.clock.advance(0.5)
        assert d.permits.try_acquire(rated)


async def test_nobody_overtakes_one_whose_turn_under_a_rate_has_just_come():
    d = Desk(10)  # its timers do not run: the instant has come, the timer not yet
    rated = step("a", rate=1.0)
    assert d.permits.try_acquire(rated)
    d.wait("first", rated)
    await d.clock.advance(1)
    assert not d.permits.try_acquire(rated)


async def test_a_pause_under_a_rate_saves_up_nothing():
    async with desk(10) as d:
        rated = step("a", rate=1.0)
        await d.clock.advance(100)
        assert d.permits.try_acquire(rated)
        assert not d.permits.try_acquire(rated)


def test_a_waiter_that_gave_up_is_passed_over():
    d = Desk(1)
    assert d.permits.try_acquire(FREE)
    d.wait("gone", FREE, 9).cancel()
    d.wait("kept", FREE)
    d.permits.release(FREE)
    assert d.granted == ["kept"]
    assert d.figures() == (1, 0)


def test_a_higher_limit_lets_the_waiting_in_and_a_lower_one_takes_nothing_away():
    d = Desk(1)
    assert d.permits.try_acquire(FREE)
    for n in range(3):
        d.wait(f"w{n}", FREE)
    d.permits.set_limit(3)
    assert d.granted == ["w0", "w1"]
    d.permits.set_limit(1)
    assert d.figures() == (3, 1)
    d.permits.release(FREE)
    d.permits.release(FREE)
    assert d.granted == ["w0", "w1"]
    d.permits.release(FREE)
    assert d.granted == ["w0", "w1", "w2"]


def test_waiting_for_what_is_free_grants_at_once_and_once():
    d = Desk(1)
    d.wait("now", FREE)
    assert d.granted == ["now"]
    d.permits.set_limit(5)
    assert d.granted == ["now"]
