"""A blocked event loop is seen, and who blocked it is named."""

from __future__ import annotations

import time

import anyio

from tasker import TaskRequest, define
from tasker.testing import testing_engine
from tasker.watchdog import Stall, Watchdog

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

    async with anyio.create_task_group() as group:
        group.start_soon(Watchdog(limit_seconds=0.2, tell=tell).run)
        async with testing_engine(blocking) as engine:
            await engine.run(TaskRequest(name="blocking"))
        with anyio.fail_after(5):
            await told.wait()
        group.cancel_scope.cancel()
    assert stalls[0].culprit == f"{__name__}:hold_the_loop"
    assert stalls[0].place.startswith(__file__)
    assert stalls[0].seconds >= 0.2


async def test_a_loop_that_only_works_is_let_be():
    stalls: list[Stall] = []
    async with anyio.create_task_group() as group:
        group.start_soon(Watchdog(limit_seconds=0.5, tell=stalls.append).run)
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert stalls == []
