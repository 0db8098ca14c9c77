"""A task outlives what happens around it: new definitions, restarts, shutdowns, long waits."""

import anyio
import pytest

from tasker import Engine, EngineConfig, RetryableError, define
from tasker.errors import DefinitionConflictError
from tasker.stores import MemoryStore
from tasker.testing import ManualClock, testing_engine
from tests.engine import importable
from tests.engine.support import QUICK, Gate, one_step, request, until


def version_of(second):
    """Return first -> second, under the same name whatever second is."""
    definition = define("work")
    definition.add_step("first", importable.first)
    definition.add_step("second", second, depends_on=["first"])
    return definition


@pytest.fixture(autouse=True)
def _forget():
    importable.reset()


async def test_a_running_task_keeps_its_definition_when_it_is_replaced():
    async with testing_engine(version_of(importable.old_second)) as engine:
        task_id = await engine.submit(request())
        await until(lambda: importable.entered)
        with pytest.raises(DefinitionConflictError):
            engine.register(version_of(importable.new_second))
        engine.register(version_of(importable.new_second), replace=True)
        importable.gate.set()
        assert (await engine.wait(task_id)).results["second"] == "old"
        assert (await engine.run(request())).results["second"] == "new"


async def test_it_keeps_it_over_a_restart_too(store_url):
    url = store_url
    async with Engine.open(
        url, definitions=version_of(importable.old_second), config=QUICK
    ) as engine:
        task_id = await engine.submit(request(context={"n": 1}))
        await until(lambda: importable.entered)
    importable.gate.set()
    async with Engine.open(
        url, definitions=version_of(importable.new_second), config=QUICK
    ) as engine:
        task = await engine.wait(task_id, timeout_seconds=20)
        assert task.results == {"first": {"n": 1}, "second": "old"}
        assert task.step("second").handler == "tests.engine.importable:old_second"
        assert (await engine.run(request(), timeout_seconds=20)).results["second"] == "new"


async def test_a_task_that_cannot_run_here_waits_for_an_engine_that_can(store_url):
    url = store_url
    gate = Gate()
    async with Engine.open(url, definitions=gate.definition(), config=QUICK) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
    # Its handler is a function inside of a test: nobody can import it.
    async with Engine.open(url, definitions=one_step("other"), config=QUICK) as engine:
        assert (await engine.get(task_id)).state == "in_progress"
        await until(lambda: engine.health().tasks.unrunnable == 1)
        assert (await engine.run(request("other"), timeout_seconds=20)).state == "complete"


async def test_two_engines_in_one_process_never_meet():
    one, two = one_step("work"), one_step("other")
    async with testing_engine(one) as first, testing_engine(two) as second:
        mine = await first.run(request(idempotency_key="k"))
        theirs = await second.run(request("other", idempotency_key="k"))
        assert [task.task_id for task in (await first.list_tasks()).tasks] == [mine.task_id]
        assert [task.task_id for task in (await second.list_tasks()).tasks] == [theirs.task_id]
        assert {entry.definition.name for entry in first.registry.list()} == {"work"}
        assert set(first.captured.names()) == set(second.captured.names())
        assert {event.get("task_name") for event in first.captured.events} == {"work"}
        assert first.health().tasks.ended == second.health().tasks.ended == 1


def in_long_backoffs(seconds, times=1):
    async def step(step):
        if step.attempt <= times:
            raise RetryableError("later", retry_after=seconds)
        return step.attempt

    return one_step(handler=step, retry_limit=times + 1)


async def test_a_task_in_a_long_backoff_leaves_memory_and_comes_back():
    clock = ManualClock()
    async with testing_engine(in_long_backoffs(100, times=3), clock=clock) as engine:
        ids = [await engine.submit(request(context={"n": n})) for n in range(20)]
        for attempt in range(1, 4):
            await clock.advance(50 if attempt == 1 else 100)
            statistics = engine.health().tasks
            assert (statistics.resident, statistics.released) == (0, 20 * attempt)
            assert {child.name for child in engine.describe().children} >= {"tasks", "steps"}
        task = await engine.get(ids[0])
        assert task.wake_at == task.step("step").retry_at is not None
        await clock.advance(100)
        for task_id in ids:
            assert (await engine.wait(task_id, timeout_seconds=20)).results == {"step": 4}


async def test_a_short_backoff_stays_in_memory():
    clock = ManualClock()
    async with testing_engine(in_long_backoffs(0.9), clock=clock) as engine:
        task_id = await engine.submit(request())
        await clock.advance(0.5)
        assert engine.health().tasks.resident == 1
        await clock.advance(0.5)
        assert (await engine.get(task_id)).state == "complete"
        assert engine.health().tasks.released == 0


async def test_a_waiting_task_can_be_operated_on():
    clock = ManualClock()
    async with testing_engine(in_long_backoffs(300), clock=clock) as engine:
        task_id = await engine.submit(request())
        await clock.advance(1)
        assert engine.health().tasks.resident == 0
        await engine.retry(task_id, "step")
        assert (await engine.wait(task_id, timeout_seconds=20)).results == {"step": 2}


async def test_a_backoff_goes_on_over_a_restart():
    store, clock = MemoryStore(), ManualClock()
    definition = in_long_backoffs(100)
    async with testing_engine(definition, store=store, clock=clock) as engine:
        task_id = await engine.submit(request())
        await clock.advance(10)
    async with testing_engine(definition, store=store, clock=clock) as engine:
        await clock.advance(80)
        assert (await engine.get(task_id)).state == "in_progress"
        await clock.advance(20)
        assert (await engine.get(task_id)).results == {"step": 2}


async def test_shutdown_lets_running_steps_finish_and_starts_no_more():
    store, gate = MemoryStore(), Gate()
    definition = gate.definition()

    @definition.step(depends_on=["step"])
    async def after():
        return "after"

    config = EngineConfig(shutdown_seconds=20)
    async with anyio.create_task_group() as group:
        async with testing_engine(definition, store=store, config=config) as engine:
            task_id = await engine.submit(request(context={"n": 1}))
            await gate.until(entered=1)

            async def open_later():
                await anyio.wait_all_tasks_blocked()
                gate.open()

            group.start_soon(open_later)
        assert gate.left == ["passed"]
    await store.open()
    left = await store.get_task(task_id)
    assert left is not None
    assert (left.task.state, left.task.owner, left.task.wake_at) == ("in_progress", None, 0.0)
    assert {step.name: step.state for step in left.steps} == {"step": "complete"}

    async with testing_engine(definition, store=store) as engine:
        task = await engine.wait(task_id, timeout_seconds=20)
        assert task.results == {"step": 1, "after": "after"}
        assert [step.attempts for step in task.steps] == [1, 1]


async def test_beyond_the_deadline_steps_are_handed_back_and_finished_by_the_next_engine():
    store, gate = MemoryStore(), Gate()
    config = EngineConfig(shutdown_seconds=0.05)
    with anyio.fail_after(20):
        async with testing_engine(gate.definition(), store=store, config=config) as engine:
            ids = [await engine.submit(request(context={"n": n})) for n in range(10)]
            await gate.until(entered=10)
    assert gate.left == ["cancelled"] * 10
    gate.open()
    async with testing_engine(gate.definition(), store=store) as engine:
        for number, task_id in enumerate(ids):
            task = await engine.wait(task_id, timeout_seconds=20)
            assert (task.results, task.step("step").attempts) == ({"step": number}, 2)
            lost = [e for e in await engine.history(task_id) if e.to_state == "error"]
            assert "shut down" in lost[0].detail["message"]


async def test_a_step_that_was_interrupted_at_its_limit_is_not_tried_again():
    store, gate = MemoryStore(), Gate()
    async with testing_engine(gate.definition(retry_limit=1), store=store) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
    gate.open()
    async with testing_engine(gate.definition(retry_limit=1), store=store) as engine:
        task = await engine.wait(task_id, timeout_seconds=20)
        assert (task.state, task.step("step").attempts) == ("error", 1)
        assert len(gate.entered) == 1


async def test_what_waits_in_the_store_is_taken_up_at_the_start():
    store, gate = MemoryStore(), Gate()
    config = EngineConfig(max_resident_tasks=2, shutdown_seconds=0)
    async with testing_engine(gate.definition(), store=store, config=config) as engine:
        ids = [await engine.submit(request(context={"n": n})) for n in range(12)]
        await gate.until(entered=2)
        assert engine.health().tasks.resident == 2
    gate.open()
    async with testing_engine(gate.definition(), store=store, config=config) as engine:
        for task_id in ids:
            assert (await engine.wait(task_id, timeout_seconds=20)).state == "complete"
    assert len(gate.entered) == 14
