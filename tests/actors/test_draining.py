"""The end of an engine: what is handed back, and who is told."""

from __future__ import annotations

import anyio
import pytest

from tasker.actors.errors import ActorStoppedError
from tasker.stores.records import StepState
from tests.actors.scripts import ONE, Gate
from tests.actors.world import World, settle
from tests.workflow.rules import NOW, make_plan


async def test_draining_hands_back_what_waits_and_lets_running_steps_finish():
    world = World(make_plan({"a": (), "b": ("a",)}))
    gate = world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        async with anyio.create_task_group() as group:
            group.start_soon(world.residency.drain, 10.0)
            await settle()
            assert world.residency.statistics().resident == 1
            gate.opened.set()
        snapshot = await world.snapshot(task_id)
        assert {step.name: step.state for step in snapshot.steps} == {"a": StepState.COMPLETE}
        assert (snapshot.task.owner, snapshot.task.wake_at) == (None, 0.0)
        assert world.runner.times("b") == 0
        world.check_permits_are_back()


async def test_draining_interrupts_what_does_not_finish():
    world = World(ONE)
    world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        await world.residency.drain(0.0)
        snapshot = await world.snapshot(task_id)
        [step] = snapshot.steps
        assert (step.state, step.attempts, step.retry_at) == (StepState.ERROR, 1, NOW + 1)
        assert (snapshot.task.owner, snapshot.task.wake_at) == (None, NOW + 1)
        await settle()
        world.check_permits_are_back()


async def test_whoever_watches_when_the_engine_ends_is_told():
    world = World(ONE)
    world.runner.scripts["a"] = Gate()
    async with world.running():
        watch = world.residency.watchers.watch(await world.submit())
        await settle()
    with pytest.raises(ActorStoppedError):
        await watch.wait()
