"""Time, concurrency, rates and priorities."""

import threading
from itertools import pairwise

import anyio
import pytest

from tasker import EngineConfig, define
from tasker.testing import run_task, testing_engine
from tasker.testing.clock import START
from tests.engine.support import Gate, one_step, request


def numbered(gate, steps, **fields):
    """Return a definition of that many independent steps through one gate."""
    definition = define("work", **fields)

    async def step(step):
        return await gate.pass_through(step.name)

    for number in range(steps):
        definition.add_step(f"s{number}", step)
    return definition


async def test_a_step_that_takes_too_long_is_cancelled_and_tried_again():
    gate = Gate()
    async with testing_engine(gate.definition(timeout_seconds=5, retry_limit=2)) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        await engine.clock.advance(4.9)
        assert gate.left == []
        await engine.clock.advance(0.2)
        assert gate.left == ["cancelled"]
        await gate.until(entered=2)
        gate.open()
        task = await engine.wait(task_id)
        assert (task.state, task.step("step").attempts) == ("complete", 2)
        failed = [entry for entry in await engine.history(task_id) if entry.to_state == "error"]
        assert failed[0].detail["error_class"] == "StepTimedOut"


async def test_a_step_within_its_time_is_left_alone():
    gate = Gate()
    async with testing_engine(gate.definition(timeout_seconds=5)) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        await engine.clock.advance(4)
        gate.open()
        assert (await engine.wait(task_id)).state == "complete"
        await engine.clock.advance(100)
        assert (await engine.get(task_id)).step("step").attempts == 1


async def test_a_task_that_takes_too_long_ends_in_error():
    gate = Gate()
    definition = numbered(gate, 2, max_execution_seconds=60)
    async with testing_engine(definition) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=2)
        await engine.clock.advance(61)
        task = await engine.wait(task_id)
        assert gate.left == ["cancelled", "cancelled"]
        assert task.state == "error"
        assert task.ended_at is not None
        assert task.ended_at.timestamp() == START + 60
        reason = (await engine.history(task_id))[-1].detail["reason"]
        assert "max_execution_time of 60 s" in reason


async def test_max_execution_time_ends_a_backoff_too():
    async def fail():
        raise ValueError("again")

    definition = define("work", max_execution_seconds=10)
    definition.add_step("step", fail, retry_limit=50)
    task = await run_task(definition)
    assert task.state == "error"
    assert task.ended_at is not None
    assert task.ended_at.timestamp() == pytest.approx(START + 10)


@pytest.mark.parametrize("limit", [1, 3])
async def test_a_task_runs_no_more_steps_at_once_than_it_may(limit):
    gate = Gate()
    definition = numbered(gate, 8, max_concurrent_steps=limit)
    async with testing_engine(definition) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=limit)
        await anyio.wait_all_tasks_blocked()
        assert gate.inside == limit
        gate.open()
        assert (await engine.wait(task_id)).state == "complete"
        assert gate.most_inside == limit
        assert len(gate.entered) == 8


async def test_the_process_runs_no_more_steps_at_once_than_it_may():
    gate = Gate()
    config = EngineConfig(max_concurrent_steps=4, shutdown_seconds=0)
    async with testing_engine(numbered(gate, 3), config=config) as engine:
        ids = [await engine.submit(request()) for _ in range(5)]
        await gate.until(entered=4)
        await anyio.wait_all_tasks_blocked()
        assert gate.inside == engine.health().permits.in_use == 4
        assert engine.health().permits.waiting > 0
        gate.open()
        for task_id in ids:
            assert (await engine.wait(task_id)).state == "complete"
        assert gate.most_inside == 4
        assert engine.health().permits.in_use == engine.health().permits.waiting == 0


async def test_a_dependent_system_bounds_the_steps_of_all_definitions():
    gate = Gate()
    options = {"dependent_system": "payments", "handler_config": {"max_concurrent_requests": 2}}
    definitions = [
        gate.definition("one", **options),
        gate.definition("two", **options),
        one_step("free"),
    ]
    async with testing_engine(definitions) as engine:
        ids = [await engine.submit(request(name)) for name in ["one", "two"] * 3]
        await gate.until(entered=2)
        await anyio.wait_all_tasks_blocked()
        assert gate.inside == 2
        assert (await engine.run(request("free"))).state == "complete"
        gate.open()
        for task_id in ids:
            assert (await engine.wait(task_id)).state == "complete"
        assert gate.most_inside == 2
        assert [system.name for system in await engine.catalog.systems()] == ["payments"]


async def test_a_rate_spaces_the_starts():
    definition = one_step(handler_config={"rate_limit_per_second": 4})
    async with testing_engine(definition) as engine:
        ids = [await engine.submit(request()) for _ in range(9)]
        tasks = [await engine.wait(task_id) for task_id in ids]
        starts = sorted(
            step.started_at.timestamp() for task in tasks for step in task.steps if step.started_at
        )
        gaps = [later - earlier for earlier, later in pairwise(starts)]
        assert gaps == pytest.approx([0.25] * 8)


async def test_the_highest_priority_gets_the_next_permit():
    gate, order = Gate(), []

    async def step(task):
        order.append(task.priority)

    config = EngineConfig(max_concurrent_steps=1, shutdown_seconds=0)
    definitions = [gate.definition("first"), one_step(handler=step)]
    async with testing_engine(definitions, config=config) as engine:
        await engine.submit(request("first"))
        await gate.until(entered=1)
        ids = [await engine.submit(request(priority=priority)) for priority in (0, 5, -1, 5, 9)]
        gate.open()
        for task_id in ids:
            await engine.wait(task_id)
        assert order == [9, 5, 5, 0, -1]


async def test_the_highest_priority_is_loaded_first():
    gate, order = Gate(), []

    async def step(task):
        order.append(task.priority)

    config = EngineConfig(max_resident_tasks=1, shutdown_seconds=0)
    definitions = [gate.definition("first"), one_step(handler=step)]
    async with testing_engine(definitions, config=config) as engine:
        await engine.submit(request("first"))
        await gate.until(entered=1)
        ids = [await engine.submit(request(priority=priority)) for priority in (0, 5, -1, 9)]
        assert engine.health().tasks.resident == 1
        gate.open()
        for task_id in ids:
            await engine.wait(task_id)
        assert order == [9, 5, 0, -1]


async def test_the_definitions_priority_holds_where_none_is_asked_for():
    definition = define("work", priority=4)

    @definition.step
    async def step(task):
        return task.priority

    assert (await run_task(definition)).results == {"step": 4}
    assert (await run_task(definition, priority=0)).results == {"step": 0}


async def test_a_handler_that_blocks_does_not_block_the_others():
    go_on, blocked = threading.Event(), []

    def block():
        blocked.append(go_on.wait(20))

    definition = define("blocking")
    definition.add_step("block", block)
    async with testing_engine([definition, one_step()]) as engine:
        blocking = [await engine.submit(request("blocking")) for _ in range(5)]
        for _ in range(20):
            assert (await engine.run(request(), timeout_seconds=20)).state == "complete"
        assert (await engine.get(blocking[0])).state == "in_progress"
        go_on.set()
        for task_id in blocking:
            assert (await engine.wait(task_id)).state == "complete"
        assert blocked == [True] * 5


async def test_threads_are_bounded_by_their_own_limit():
    inside, hold = threading.Semaphore(0), threading.Event()
    lock, running, most = threading.Lock(), [0], [0]

    def block():
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        inside.release()
        hold.wait(20)
        with lock:
            running[0] -= 1

    config = EngineConfig(max_worker_threads=2, shutdown_seconds=0)
    async with testing_engine(one_step(handler=block), config=config) as engine:
        ids = [await engine.submit(request()) for _ in range(6)]
        for _ in range(2):
            await anyio.to_thread.run_sync(inside.acquire)
        await anyio.wait_all_tasks_blocked()
        hold.set()
        for task_id in ids:
            assert (await engine.wait(task_id)).state == "complete"
        assert most == [2]
