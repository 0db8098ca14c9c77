"""Which tasks are in memory: the bound, the backlog, loading, and what a submit leaves behind."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from tasker.actors import residency
from tasker.actors.loading import UNRUNNABLE_RETRY_SECONDS
from tasker.actors.protocols import AttemptOrder
from tasker.actors.residency import LOAD_SECONDS
from tasker.actors.workflow.messages import Cancel
from tasker.stores.errors import DuplicateIdentityError, StoreUnavailableError, TaskerError
from tasker.stores.records import TaskState
from tests.actors.scripts import ONE, Gate
from tests.actors.world import World, settle, unavailable
from tests.workflow.rules import DIAMOND, NOW, make_plan


async def test_a_task_runs_to_its_end_and_leaves():
    world = World(make_plan(DIAMOND))
    async with world.running():
        task_id = await world.submit()
        assert await world.ended(task_id) is TaskState.COMPLETE
        await settle()
        statistics = world.residency.statistics()
        assert (statistics.resident, statistics.ended) == (0, 1)
        assert len(world.tasks) == 0
        snapshot = await world.snapshot(task_id)
        assert snapshot.seq <= 5  # a diamond is about five appends
        assert snapshot.task.owner is None
        world.check_permits_are_back()


async def test_at_most_so_many_tasks_are_in_memory_and_the_rest_waits_by_priority():
    world = World(ONE, limit=2)
    gate = world.runner.scripts["a"] = Gate()
    async with world.running():
        ids = [await world.submit(priority=n) for n in range(6)]
        await settle()
        assert world.residency.statistics().resident == 2
        assert len(world.runner.ran) == 2
        gate.opened.set()
        for task_id in ids:
            assert await world.ended(task_id) is TaskState.COMPLETE
        order = [task_id for task_id, _, _ in world.runner.ran]
        # Two at a time, and of those two either first: a permit each is free.
        pairs = [set(order[at : at + 2]) for at in (0, 2, 4)]
        assert pairs == [set(ids[:2]), set(ids[4:]), set(ids[2:4])]
        assert world.runner.most_running == 2


async def test_the_bound_holds_while_tasks_are_being_claimed():
    world = World(ONE, limit=4)
    world.runner.scripts["a"] = Gate()
    claiming = anyio.Event()

    class Slow:
        def __init__(self, claim: Any) -> None:
            self.claim = claim

        async def __call__(self, node_id: str, limit: int) -> Any:
            await claiming.wait()
            return await self.claim(node_id, limit)

    async with world.running():
        for _ in range(4):
            await world.leave(wake_at=0.0)
        world.store.claim_backlog = Slow(world.store.claim_backlog)  # type: ignore[method-assign]
        world.residency._agenda.backlog = True
        world.residency._agenda.look()
        await settle()
        for _ in range(4):
            await world.submit()
        claiming.set()
        await settle()
        assert world.residency.statistics().resident == 4


async def test_room_for_one_is_filled_though_others_run_on():
    world = World(ONE, limit=8)
    long, short = Gate(), Gate()

    async def script(order: AttemptOrder) -> None:
        await (short if order.state.task.priority else long)(order)

    world.runner.scripts["a"] = script
    async with world.running():
        for _ in range(7):
            await world.submit()
        await world.submit(priority=1)
        waiting = await world.submit(priority=1)
        await settle()
        assert world.residency.resident(waiting) is None
        short.opened.set()
        await settle()
        await world.clock.advance(LOAD_SECONDS)
        assert await world.ended(waiting) is TaskState.COMPLETE


async def test_no_more_are_loaded_while_many_appends_are_on_their_way(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(residency, "MOST_IN_MOTION", 4)
    monkeypatch.setattr(residency, "LOAD_BATCH", 2)
    world = World(ONE, limit=100)
    world.runner.scripts["a"] = Gate()
    async with world.running():
        for _ in range(12):
            await world.leave(wake_at=0.0)
        commit, may_commit = world.store.commit, anyio.Event()

        async def held_up(appends: Any) -> Any:
            await may_commit.wait()
            return await commit(appends)

        world.store.commit = held_up  # type: ignore[method-assign]
        world.residency._agenda.backlog = True
        world.residency._agenda.look()
        await settle()
        in_memory = world.residency.statistics().resident
        assert 0 < in_memory < 12
        # Steps that run are not in motion: no task has to end for the others to come.
        may_commit.set()
        for _ in range(12):
            await settle()
            await world.clock.advance(LOAD_SECONDS)
        assert world.residency.statistics().resident == 12


async def test_what_was_left_behind_is_taken_up_at_the_start():
    world = World(ONE)
    await world.store.open()
    ids = [await world.leave(wake_at=0.0) for _ in range(3)]
    due = await world.leave(wake_at=NOW - 5, state=TaskState.IN_PROGRESS)
    later = await world.leave(wake_at=NOW + 50, state=TaskState.IN_PROGRESS)
    paused = await world.leave(wake_at=None, state=TaskState.PAUSED)
    async with world.running():
        for task_id in (*ids, due):
            assert await world.ended(task_id) is TaskState.COMPLETE
        assert await world.state_of(later) is TaskState.IN_PROGRESS
        await world.clock.advance(50)
        assert await world.ended(later) is TaskState.COMPLETE
        assert await world.state_of(paused) is TaskState.PAUSED


async def test_a_task_whose_plan_is_missing_is_put_back_and_looked_at_later():
    world = World(ONE)
    world.plans.error = TaskerError("no such handler")
    await world.store.open()
    task_id = await world.leave(wake_at=0.0)
    async with world.running():
        await settle()
        snapshot = await world.snapshot(task_id)
        assert (snapshot.task.owner, snapshot.task.wake_at) == (
            None,
            NOW + UNRUNNABLE_RETRY_SECONDS,
        )
        assert world.residency.statistics().unrunnable == 1
        with pytest.raises(TaskerError, match="no such handler"):
            await world.residency.operate(task_id, Cancel())
        world.plans.error = None
        await world.clock.advance(UNRUNNABLE_RETRY_SECONDS)
        assert await world.ended(task_id) is TaskState.COMPLETE


async def test_a_plan_that_breaks_in_a_way_of_its_own_stops_nobody_else():
    world = World(ONE)
    world.plans.error = ImportError("half an application")
    await world.store.open()
    await world.leave(wake_at=0.0)
    async with world.running():
        world.plans.error = None
        assert await world.ended(await world.submit()) is TaskState.COMPLETE
        assert world.residency.statistics().unrunnable == 1


async def test_tasks_that_were_claimed_when_the_store_failed_are_not_forgotten():
    world = World(ONE)
    world.plans.error = TaskerError("not yet")
    await world.store.open()
    ids = [await world.leave(wake_at=0.0) for _ in range(4)]
    world.store.failing = unavailable()  # claims go through, putting back does not
    async with world.running(look=False):
        await settle()
        assert "loading tasks failed" in world.troubles
        world.plans.error = None
        world.store.failing = None
        await world.clock.advance(5)
        for task_id in ids:
            assert await world.ended(task_id) is TaskState.COMPLETE


async def test_a_submit_that_is_refused_leaves_nothing_behind():
    world = World(ONE, permits=1)
    gate = world.runner.scripts["a"] = Gate()
    async with world.running():
        first = await world.submit(identity="i")
        await settle()
        for _ in range(3):
            with pytest.raises(DuplicateIdentityError):
                await world.submit(identity="i")
        assert world.residency.statistics().resident == 1
        gate.opened.set()
        assert await world.ended(first) is TaskState.COMPLETE
        await settle()
        world.check_permits_are_back()
        assert await world.ended(await world.submit()) is TaskState.COMPLETE


async def test_a_submit_of_unknown_outcome_that_was_recorded_runs():
    world = World(ONE)
    async with world.running():
        world.store.failing = unavailable()
        world.store.fails_after_recording = True
        with pytest.raises(StoreUnavailableError):
            await world.submit(task_id="doubtful")
        assert await world.state_of("doubtful") is TaskState.IN_PROGRESS
        world.store.failing = None
        await world.clock.advance(2)
        assert await world.ended("doubtful") is TaskState.COMPLETE
        world.check_permits_are_back()


async def test_a_submit_of_unknown_outcome_that_was_not_recorded_leaves_nothing():
    world = World(ONE)
    async with world.running():
        world.store.failing = unavailable()
        with pytest.raises(StoreUnavailableError):
            await world.submit(task_id="gone")
        # Broken by now: refused without a try.
        with pytest.raises(StoreUnavailableError):
            await world.submit(task_id="gone too")
        world.store.failing = None
        await world.clock.advance(2)
        assert await world.store.get_task("gone") is None
        assert await world.ended(await world.submit()) is TaskState.COMPLETE
        world.check_permits_are_back()


@pytest.mark.parametrize("limit", [1, 100])
async def test_a_submit_that_asyncio_cancels_runs_if_it_was_recorded(limit: int):
    world = World(ONE, limit=limit)
    async with world.running():
        world.store.gate = anyio.Event()
        submits = asyncio.ensure_future(world.submit(task_id="abandoned"))
        await settle()
        submits.cancel()
        await settle()
        world.store.gate.set()
        await world.clock.advance(2)  # its first attempt never began, and counts all the same
        assert await world.ended("abandoned") is TaskState.COMPLETE
        await settle()
        world.check_permits_are_back()
