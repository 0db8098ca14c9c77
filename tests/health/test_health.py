"""Live, ready and status: true, in time whatever hangs, and in every count."""

import anyio
import anyio.lowlevel
import pytest

from tasker import Engine, EngineConfig, PermanentError, RetryableError, define
from tasker.errors import EngineClosedError, StoreUnavailableError
from tasker.health.config import HealthConfig
from tasker.stores import MemoryStore
from tasker.stores.records import StepState, TaskState
from tasker.testing import ManualClock, testing_engine
from tests.engine.support import QUICK, Gate, one_step, request, until
from tests.health.troubled import Troubled

HASTY = EngineConfig(health=HealthConfig(readiness_timeout_seconds=0.1), shutdown_seconds=0.0)


@pytest.mark.parametrize("url", ["memory://", "sqlite"])
async def test_an_engine_that_works_is_live_and_ready(url, store_url):
    if url == "sqlite":
        url = store_url
    engine = Engine.open(url, definitions=one_step(), config=QUICK)
    assert not engine.live().alive
    with pytest.raises(EngineClosedError, match="ready"):
        await engine.ready()
    with pytest.raises(EngineClosedError, match="status"):
        await engine.status()
    async with engine:
        assert engine.live().alive
        answer = await engine.ready()
        assert (answer.ready, answer.message, answer.failed) == (True, "ready", ())
        assert list(answer.checks) == ["store", "journal", "loop"]
        assert all(check.healthy for check in answer.checks.values())
    assert not engine.live().alive


async def test_it_is_ready_where_it_does_not_work_the_store(store_url):
    url = store_url
    async with Engine.open(url, definitions=one_step(), work=False) as engine:
        assert (await engine.ready()).ready


async def test_a_store_that_fails_makes_it_unready_until_it_recovers():
    store = Troubled()
    async with Engine.open(store, definitions=one_step(), config=HASTY) as engine:
        store.fails = True
        answer = await engine.ready()
        assert (answer.ready, answer.failed) == (False, ("store",))
        assert "no more disk" in answer.message
        assert answer.checks["store"].error == "StoreUnavailableError"
        with pytest.raises(StoreUnavailableError):
            await engine.submit(request())
        # Now the journal knows it as well.
        assert (await engine.ready()).failed == ("store", "journal")
        assert engine.live().alive
        status = await engine.status()
        assert not status.healthy
        assert "no more disk" in (status.trouble or "")
        store.fails = False
        with anyio.fail_after(10):
            while not (await engine.ready()).ready:  # noqa: ASYNC110
                await anyio.sleep(0.01)


async def test_a_store_that_hangs_is_told_in_time_and_probed_once():
    store = Troubled()
    async with Engine.open(store, definitions=one_step(), config=HASTY) as engine:
        store.hangs = anyio.Event()
        answers = []

        async def ask():
            answers.append(await engine.ready())

        try:
            with anyio.fail_after(10):
                async with anyio.create_task_group() as group:
                    for _ in range(5):
                        group.start_soon(ask)
                await ask()
        finally:
            store.hangs.set()
            store.hangs = None
        assert all("store" in answer.failed for answer in answers)
        assert answers[0].checks["store"].message == "no answer within 0.1 s"
        assert store.probes == 1
        asked = 0
        with anyio.fail_after(10):
            while not (await engine.ready()).ready:
                asked += 1
        # Those who gave up share one more, and do not have theirs after the other.
        assert store.probes <= 3 + asked


async def test_a_journal_that_stands_still_is_told():
    store = Troubled()
    async with (
        Engine.open(store, definitions=one_step(), config=HASTY) as engine,
        anyio.create_task_group() as group,
    ):
        store.commits_hang = anyio.Event()
        group.start_soon(engine.submit, request())
        await until(lambda: engine._runtime.commits.under_way_seconds)
        failed = (await engine.ready()).failed
        store.commits_hang.set()
        assert failed == ("journal",)


async def test_a_loop_that_was_late_is_told():
    limit = HealthConfig(max_loop_lag_seconds=2.5)
    async with Engine.open("memory://", config=EngineConfig(health=limit)) as engine:
        assert (await engine.ready()).ready
        engine._runtime.watchdog._late.append(2.6)
        answer = await engine.ready()
        assert answer.failed == ("loop",)
        assert "2.6 s late, more than 2.5 s" in answer.message


async def test_the_status_is_true_in_every_count():
    gate, clock = Gate(), ManualClock(1_000.0)

    async def act(task, step):
        what = task.context["what"]
        if what == "wait":
            await gate.pass_through()
        if what == "retry":
            raise RetryableError("later", retry_after=100)
        if what == "dead":
            raise PermanentError("never")

    work = define("work")
    work.add_step("first", act, retry_limit=3)
    work.add_step("second", act, depends_on=["first"])
    config = EngineConfig(max_resident_tasks=4, shutdown_seconds=0.0, passivate_after_seconds=1.0)
    store = MemoryStore()
    async with testing_engine(work, config=config, clock=clock, store=store) as engine:
        for what in ("fine", "fine", "fine", "dead", "retry", "retry"):
            task_id = await engine.submit(request(context={"what": what}))
            if what != "retry":
                await engine.wait(task_id)
            else:
                await until(lambda: engine.health().tasks.resident == 0)
        for _ in range(4):
            await engine.submit(request(context={"what": "wait"}))
        await gate.until(entered=4)
        await clock.advance(30)
        for _ in range(3):
            # No room: they wait in the store.
            await engine.submit(request(context={"what": "fine"}))
        await clock.advance(5)
        status = await engine.status()
        assert status.healthy
        assert (status.trouble, status.cached, status.at) == (None, False, clock.now())
        assert {state: n for state, n in status.tasks.items() if n} == {
            TaskState.COMPLETE: 3,
            TaskState.ERROR: 1,
            TaskState.IN_PROGRESS: 6,
            TaskState.PENDING: 3,
        }
        assert set(status.tasks) == set(TaskState)
        assert status.total_tasks == 13
        assert {state: n for state, n in status.steps.items() if n} == {
            StepState.ERROR: 3,
            StepState.IN_PROGRESS: 4,
        }
        retries = status.retries
        assert (retries.retryable, retries.in_backoff, retries.exhausted) == (2, 2, 1)
        waiting = status.waiting
        assert (waiting.ready, waiting.oldest_seconds, waiting.sleeping) == (3, 5.0, 2)
        assert status.figures.tasks.resident == 4
        assert status.figures.permits.in_use == 4
        await clock.advance(90)
        status = await engine.status(fresh=True)
        # They are due, and have no room.
        assert (status.retries.retryable, status.retries.in_backoff) == (2, 0)
        assert (status.waiting.ready, status.waiting.sleeping) == (5, 0)
        gate.open()


async def test_a_status_is_kept_for_a_while_and_asked_for_anew():
    async with Engine.open("memory://", definitions=one_step(), config=QUICK) as engine:
        first = await engine.status()
        await engine.run(request())
        again = await engine.status()
        assert again.cached
        assert (again.at, again.tasks) == (first.at, first.tasks)
        fresh = await engine.status(fresh=True)
        assert (fresh.cached, fresh.tasks[TaskState.COMPLETE]) == (False, 1)
        assert (await engine.status()).at == fresh.at


async def test_a_status_that_is_old_is_made_anew():
    config = EngineConfig(health=HealthConfig(cache_duration_seconds=1e-9))
    async with Engine.open("memory://", definitions=one_step(), config=config) as engine:
        await engine.status()
        assert not (await engine.status()).cached


async def test_those_who_ask_at_the_same_time_share_a_status():
    class Counted(MemoryStore):
        counts = 0

        async def count_tasks(self, where):
            self.counts += 1
            await anyio.lowlevel.checkpoint()
            return await super().count_tasks(where)

    store = Counted()
    async with Engine.open(store, definitions=one_step(), config=QUICK) as engine:
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(engine.status)
        assert store.counts == 1


@pytest.mark.parametrize("name", HealthConfig.__struct_fields__)
def test_settings_that_cannot_be(name):
    with pytest.raises(ValueError, match=f"HealthConfig.{name} is 0"):
        HealthConfig(**{name: 0})
