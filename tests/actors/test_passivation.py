"""Tasks that only wait: they leave memory, and come back when they are due."""

from __future__ import annotations

from typing import Any

from tasker.actors.protocols import AttemptOrder
from tasker.actors.workflow.messages import Pause, Resume
from tasker.stores.records import TaskState
from tests.actors.scripts import ONE, Gate, failing
from tests.actors.world import World, failed, settle
from tests.workflow.rules import NOW, make_plan


async def test_a_task_that_only_waits_leaves_memory_and_comes_back_when_it_is_due():
    world = World(ONE)
    world.runner.scripts["a"] = failing(1, retry_after=60.0)
    async with world.running():
        task_id = await world.submit()
        await settle()
        assert world.residency.statistics().resident == 0
        assert world.residency.statistics().released == 1
        snapshot = await world.snapshot(task_id)
        assert (snapshot.task.owner, snapshot.task.wake_at) == (None, NOW + 60)
        await world.clock.advance(59)
        assert world.runner.times("a") == 1
        await world.clock.advance(1)
        assert await world.ended(task_id) is TaskState.COMPLETE
        assert world.runner.times("a") == 2


async def test_one_task_after_another_is_woken():
    world = World(ONE)
    world.runner.scripts["a"] = failing(2, retry_after=60.0)
    async with world.running():
        for _ in range(3):
            task_id = await world.submit()
            await settle()
            await world.clock.advance(125)
            assert await world.state_of(task_id) is TaskState.COMPLETE


async def test_an_earlier_wake_is_not_put_off_by_a_later_one():
    world = World(ONE)
    waits = {"task-001": 100.0, "task-002": 10.0, "task-003": 50.0}

    async def script(order: AttemptOrder) -> Any:
        if order.attempt == 1:
            return failed(retry_after=waits[order.state.task.task_id])
        return None

    world.runner.scripts["a"] = script
    async with world.running():
        ids = [await world.submit() for _ in range(3)]
        await settle()
        for seconds, done in ((10, {1}), (40, {1, 2}), (50, {0, 1, 2})):
            await world.clock.advance(seconds)
            states = [await world.state_of(task_id) for task_id in ids]
            assert {n for n in range(3) if states[n] is TaskState.COMPLETE} == done


async def test_a_short_wait_is_spent_in_memory():
    world = World(ONE)
    world.runner.scripts["a"] = failing(1, retry_after=0.5)
    async with world.running():
        task_id = await world.submit()
        await settle()
        assert world.residency.resident(task_id) is not None
        await world.clock.advance(0.5)
        assert await world.ended(task_id) is TaskState.COMPLETE
        assert (await world.snapshot(task_id)).task.epoch == 1


async def test_a_paused_task_leaves_memory_and_resumes():
    world = World(make_plan({"a": (), "b": ("a",)}))
    gate = world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        assert await world.residency.operate(task_id, Pause()) is TaskState.PAUSED
        assert world.residency.resident(task_id) is not None  # an attempt runs
        gate.opened.set()
        await settle()
        assert world.residency.resident(task_id) is None
        await world.clock.advance(1_000)
        assert world.runner.times("b") == 0
        assert await world.residency.operate(task_id, Resume()) is TaskState.IN_PROGRESS
        assert await world.ended(task_id) is TaskState.COMPLETE
