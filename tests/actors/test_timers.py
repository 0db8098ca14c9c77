"""Timers: in order, once, and not for those that were cancelled."""

from functools import partial

import anyio

from tasker.actors.supervisor import Supervisor
from tasker.actors.timers import LONGEST_SLEEP_SECONDS, SWEEP_FROM, Timers
from tasker.testing import ManualClock


async def test_timers_go_off_in_order_and_once():
    clock = ManualClock(0)
    heard: list[tuple[float, float]] = []
    timers = Timers(clock)

    def note(at: float) -> None:
        heard.append((at, clock.now()))

    async with Supervisor("top") as top:
        top.adopt(timers)
        for at in (30, 10, 20, 10):
            timers.at(at, partial(note, at))
        await clock.advance(9)
        assert heard == []
        await clock.advance(1)
        assert heard == [(10, 10), (10, 10)]
        await clock.advance(100)
        assert heard == [(10, 10), (10, 10), (20, 20), (30, 30)]
        assert len(timers) == 0


async def test_a_cancelled_timer_does_not_go_off():
    clock, heard = ManualClock(0), []
    timers = Timers(clock)
    async with Supervisor("top") as top:
        top.adopt(timers)
        gone = timers.at(5, lambda: heard.append("gone"))
        timers.at(6, lambda: heard.append("kept"))
        gone.cancel()
        assert timers.next_at == 6
        await clock.advance(10)
        assert heard == ["kept"]


async def test_an_earlier_timer_wakes_the_sleeper():
    clock, heard = ManualClock(0), []
    timers = Timers(clock)
    async with Supervisor("top") as top:
        top.adopt(timers)
        timers.at(50, lambda: heard.append(50))
        await clock.advance(1)
        timers.at(2, lambda: heard.append(2))
        await clock.advance(1)
        assert heard == [2]


async def test_an_instant_that_has_passed_is_now():
    clock, heard = ManualClock(100), []
    timers = Timers(clock)
    async with Supervisor("top") as top:
        top.adopt(timers)
        await clock.advance(0)
        timers.at(3, lambda: heard.append("late"))
        await clock.advance(0)
        assert heard == ["late"]


async def test_a_timer_set_by_a_timer_goes_off():
    clock, heard = ManualClock(0), []
    timers = Timers(clock)
    async with Supervisor("top") as top:
        top.adopt(timers)

        def again() -> None:
            timers.at(2, lambda: heard.append(clock.now()))

        timers.at(1, again)
        await clock.advance(5)
        assert heard == [2]


async def test_a_long_wait_is_slept_in_pieces():
    asked: list[float | None] = []

    class Noting(ManualClock):
        async def wait(self, event: anyio.Event, seconds: float | None) -> None:
            asked.append(seconds)
            await super().wait(event, seconds)

    clock, heard = Noting(0), []
    timers = Timers(clock)
    async with Supervisor("top") as top:
        top.adopt(timers)
        timers.at(200, lambda: heard.append(clock.now()))
        await clock.advance(300)
    assert heard == [200]
    assert max(each for each in asked if each) == LONGEST_SLEEP_SECONDS


async def test_cancelled_timers_do_not_pile_up():
    timers = Timers(ManualClock(0))
    kept = [timers.at(9_000 + n, lambda: None) for n in range(10)]
    for n in range(20 * SWEEP_FROM):
        timers.at(3_600 + n, lambda: None).cancel()
    assert len(timers) <= SWEEP_FROM
    assert timers.next_at == kept[0].at
