"""Operations on tasks, wherever these are: in memory, in the backlog, or at rest."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tasker.actors.protocols import AttemptOrder
from tasker.actors.workflow.errors import InvalidOperationError
from tasker.actors.workflow.messages import Annotate, Cancel, ResolveStep, Resume, Retry
from tasker.stores.records import TaskState
from tests.actors.scripts import ONE, Gate, failing
from tests.actors.world import World, failed, settle
from tests.workflow.rules import make_plan, raw


async def test_operations_reach_tasks_at_rest():
    world = World(make_plan({"a": ()}, {"a": {"retry_limit": 1}}))
    world.runner.scripts["a"] = failing(2)
    async with world.running():
        task_id = await world.submit()
        assert await world.ended(task_id) is TaskState.ERROR
        for _ in range(2):
            await world.residency.operate(task_id, Retry())
            await settle()
        assert await world.state_of(task_id) is TaskState.COMPLETE
        with pytest.raises(InvalidOperationError):
            await world.residency.operate(task_id, Cancel())
        note = Annotate(type="note", annotation=raw({"k": 1}))
        assert await world.residency.operate(task_id, note) is TaskState.COMPLETE
        assert len(await world.store.annotations(task_id)) == 1
        assert (await world.snapshot(task_id)).task.owner is None
        assert world.residency.statistics().resident == 0


async def test_an_operation_on_nothing_finds_nothing():
    world = World(ONE)
    async with world.running():
        assert await world.residency.operate("nobody", Cancel()) is None


async def test_a_waiting_task_can_be_cancelled():
    world = World(ONE, limit=1)
    world.runner.scripts["a"] = Gate()
    async with world.running():
        await world.submit()
        waiting = await world.submit()
        assert await world.residency.operate(waiting, Cancel()) is TaskState.CANCELLED
        assert world.runner.times("a") == 1


async def test_cancelling_ends_the_attempt_that_runs():
    world = World(ONE)
    world.runner.scripts["a"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        assert world.runner.running == 1
        assert await world.residency.operate(task_id, Cancel()) is TaskState.CANCELLED
        await settle()
        assert world.runner.running == 0
        world.check_permits_are_back()


async def test_an_operation_that_is_cancelled_while_it_loads_leaves_the_task_to_its_wake():
    world = World(ONE)
    world.runner.scripts["a"] = failing(1, retry_after=60.0)
    async with world.running():
        task_id = await world.submit()
        await settle()
        asked = anyio.Event()
        plan_for = world.plans.plan_for

        async def slow(task: Any) -> Any:
            asked.set()
            await anyio.sleep_forever()

        world.plans.plan_for = slow  # type: ignore[method-assign]
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(world.residency.operate, task_id, Resume())
                await asked.wait()
                scope.cancel()
        world.plans.plan_for = plan_for  # type: ignore[method-assign]
        await settle()
        assert (await world.snapshot(task_id)).task.owner is None
        await world.clock.advance(60)
        assert await world.ended(task_id) is TaskState.COMPLETE


async def test_resolving_in_the_batch_in_which_the_task_fails_keeps_it_in_one_pair_of_hands():
    world = World(make_plan({"a": (), "b": ("a",)}, {"a": {"retry_limit": 1}}))
    gate = anyio.Event()

    async def fail(order: AttemptOrder) -> Any:
        await gate.wait()
        return failed()

    world.runner.scripts["a"] = fail
    held = world.runner.scripts["b"] = Gate()
    async with world.running():
        task_id = await world.submit()
        await settle()
        # The outcome and the operation wait together, behind a commit that is held.
        world.store.gate = anyio.Event()
        async with anyio.create_task_group() as group:
            note = Annotate(type="n", annotation=raw({}))
            group.start_soon(world.residency.operate, task_id, note)
            await settle()
            gate.set()
            await settle()
            group.start_soon(world.residency.operate, task_id, ResolveStep(step="a"))
            await settle()
            world.store.gate.set()
        await settle()
        assert world.runner.times("b") == 1
        assert (await world.snapshot(task_id)).task.owner == "node-1"
        held.opened.set()
        assert await world.ended(task_id) is TaskState.COMPLETE
        assert world.runner.ran.count((task_id, "b", 1)) == 1
        assert (await world.snapshot(task_id)).task.epoch == 1
