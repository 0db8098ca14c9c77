"""Tasks that are due in the store of an engine that cannot take them up now."""

import anyio

from tasker import Engine, EngineConfig, RetryableError, define
from tasker.stores import MemoryStore
from tasker.testing import ManualClock, testing_engine
from tests.engine.support import Gate, request, until


class Asked(MemoryStore):
    """A store that counts how often it is asked when the next task is due."""

    asked = 0

    async def next_wake_at(self):
        self.asked += 1
        assert self.asked < 1_000, "the store is asked again and again"
        return await super().next_wake_at()


async def test_due_tasks_wait_for_room_without_asking_the_store_again_and_again():
    gate, store, attempts, clock = Gate(), Asked(), [], ManualClock()

    async def act(task, step):
        if task.context["what"] == "hold":
            await gate.pass_through()
        else:
            attempts.append(step.attempt)
            if step.attempt == 1:
                raise RetryableError("later", retry_after=60)

    work = define("work")
    work.add_step("step", act, retry_limit=2)
    config = EngineConfig(max_resident_tasks=1, shutdown_seconds=0.0)
    async with testing_engine(work, config=config, clock=clock, store=store) as engine:
        task_id = await engine.submit(request(context={"what": "retry"}))
        await until(lambda: engine.health().tasks.released == 1)
        await engine.submit(request(context={"what": "hold"}))
        await gate.until(entered=1)
        before = store.asked
        # The retry is due meanwhile, and there is no room for it.
        with anyio.fail_after(10):
            await clock.advance(90)
        assert store.asked - before < 10
        assert attempts == [1]
        gate.open()
        await engine.wait(task_id, timeout_seconds=10)
        assert attempts == [1, 2]


async def test_an_engine_that_does_not_work_the_store_asks_for_no_due_tasks():
    store, clock = Asked(), ManualClock()

    async def later():
        raise RetryableError("later", retry_after=60)

    work = define("work")
    work.add_step("step", later, retry_limit=2)
    config = EngineConfig(shutdown_seconds=0.0)
    async with testing_engine(work, config=config, clock=clock, store=store) as engine:
        await engine.submit(request())
        await until(lambda: engine.health().tasks.released == 1)
    async with Engine.open(store, definitions=work, clock=clock, work=False) as reader:
        before = store.asked
        with anyio.fail_after(10):
            await clock.advance(10_000)
        await reader.get((await reader.list_tasks()).tasks[0].task_id)
        assert store.asked - before <= 1
