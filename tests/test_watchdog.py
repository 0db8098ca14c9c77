"""A blocked event loop is seen, and who blocked it is named."""

from __future__ import annotations

import sys
import time

import anyio
import pytest

from tasker import TaskRequest, define
from tasker.testing import testing_engine
from tasker.watchdog import BEAT_SECONDS, Stall, Watchdog

blocking = define("blocking")


@blocking.step
async def hold_the_loop() -> None:
    # Longer than the watchdog needs to look twice.
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        pass


async def test_the_handler_that_holds_the_loop_is_named():
    stalls: list[Stall] = []
    told = anyio.Event()

    def tell(stall: Stall) -> None:
        stalls.append(stall)
        told.set()

    with Watchdog(limit_seconds=0.2, tell=tell):
        async with testing_engine(blocking) as engine:
            await engine.run(TaskRequest(name="blocking"))
        with anyio.fail_after(5):
            await told.wait()
    assert stalls[0].culprit == f"{__name__}:hold_the_loop"
    assert stalls[0].place.startswith(__file__)
    assert stalls[0].seconds >= 0.2


class Time:
    """Seconds that a test lets go by."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def watched() -> tuple[Time, list[Stall], Watchdog]:
    now, stalls = Time(), list[Stall]()
    return now, stalls, Watchdog(limit_seconds=1.0, tell=stalls.append, monotonic=now)


def test_a_standstill_is_told_of_once_it_is_over():
    now, stalls, watchdog = watched()
    now.seconds += 3 + BEAT_SECONDS
    watchdog.look(sys._getframe())
    assert stalls == []
    watchdog.beat()
    watchdog.beat()
    [stall] = stalls
    assert stall.seconds == pytest.approx(3)
    assert stall.culprit is None  # no handler is in this stack
    assert stall.place.startswith(__file__)


def test_beats_in_time_and_short_delays_are_let_be():
    now, stalls, watchdog = watched()
    for _ in range(50):
        now.seconds += BEAT_SECONDS
        watchdog.look(sys._getframe())
        watchdog.beat()
    now.seconds += 0.9
    watchdog.look(sys._getframe())
    watchdog.beat()
    assert stalls == []
