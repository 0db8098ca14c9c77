"""The edges, worked out by hand."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from tasker import (
    Backoff,
    EngineConfig,
    PermanentError,
    RetryableError,
    TaskQuery,
    TaskRequest,
    define,
)
from tasker.errors import EngineClosedError, InvalidRequestError
from tasker.stores import MemoryStore, SqliteStore, StepState, TaskState
from tasker.testing import ManualClock, testing_engine
from tasker.testing.clock import START

CONFIG = EngineConfig(
    backoff=Backoff(delays=(10.0,), jitter=0.0), max_concurrent_steps=1, shutdown_seconds=0.0
)
BEGINNING = datetime.fromtimestamp(START, UTC)


def after(seconds):
    return BEGINNING + timedelta(seconds=seconds)


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    return MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "tasks.db")


def pair(clock):
    """Return a definition: `slow` takes 4 s, and its first attempt fails after 3; then `quick`."""
    builder = define("pair", namespace="shop")

    @builder.step(retry_limit=3)
    async def slow(task, step):
        if step.attempt == 1 and not task.context.get("steady"):
            await clock.sleep(3)
            raise RetryableError("busy")
        await clock.sleep(4)

    @builder.step
    async def quick(task, slow):
        if task.context.get("declined"):
            raise PermanentError("declined")

    return builder


async def test_an_empty_store(store):
    async with testing_engine(clock=ManualClock(), store=store) as engine:
        told = await engine.statistics()
        lately = await engine.performance()
    assert told.period.since is None
    assert (told.period.until, told.period.seconds) == (BEGINNING, 0.0)
    assert (told.tasks.created, told.tasks.states, told.definitions) == (0, {}, 0)
    assert told.tasks.completion_rate is told.tasks.error_rate is None
    assert told.tasks.created_per_hour is told.tasks.throughput_per_hour is None
    assert told.tasks.run.count == told.steps.recorded == told.blocking.waits == 0
    assert told.steps.error_rate is told.steps.retry_success_rate is None
    assert not any([told.errors, told.slowest_tasks, told.slowest_steps, told.by_step])
    assert [each.created for each in lately.windows] == [0, 0, 0]
    assert (lately.active_tasks, lately.health_score) == (0, 1.0)


async def test_one_task_with_a_retry():
    clock = ManualClock()
    async with testing_engine(pair(clock), clock=clock, config=CONFIG) as engine:
        request = TaskRequest(name="pair", namespace="shop", initiator="ann", source_system="web")
        task_id = await engine.submit(request)
        await clock.advance(36)
        told = await engine.statistics()
        lately = await engine.performance()
    # 3 s, a backoff of 10 s, and 4 s.
    assert told.period.since == BEGINNING
    assert told.period.seconds == 36
    assert told.tasks.states == {TaskState.COMPLETE: 1}
    assert told.tasks.completion_rate == 1.0
    assert told.tasks.throughput_per_hour == pytest.approx(100)
    assert told.tasks.run.p50_seconds == told.tasks.run.max_seconds == 17.0
    assert [each.count for each in told.tasks.run_buckets] == [0, 0, 0, 1, 0, 0, 0]
    assert (told.steps.recorded, told.steps.attempts, told.steps.retries) == (2, 3, 1)
    assert (told.steps.retried, told.steps.recovered, told.steps.retry_success_rate) == (1, 1, 1.0)
    assert told.steps.failed_attempts == 1
    assert told.steps.error_rate == pytest.approx(1 / 3)
    [pattern] = told.errors
    assert pattern.error_class.endswith("RetryableError")
    assert (pattern.failed_attempts, pattern.share, pattern.tasks, pattern.steps) == (1, 1.0, 1, 1)
    assert (pattern.latest_at, pattern.latest_task_id) == (after(3), task_id)
    # The latest attempt ran for 4 s, and began when its backoff was over.
    slow, quick = told.slowest_steps
    assert (slow.step, slow.attempts, slow.queue_seconds, slow.run_seconds) == ("slow", 2, 0.0, 4.0)
    assert (quick.step, quick.run_seconds) == ("quick", 0.0)
    [blocker] = told.blocking.blocking
    assert (blocker.step, blocker.total_seconds, blocker.waits) == ("slow", 17.0, 1)
    assert [each.step for each in told.blocking.blocked] == ["quick"]
    [slowest] = told.slowest_tasks
    assert (slowest.task_id, slowest.initiator, slowest.source_system) == (task_id, "ann", "web")
    assert (slowest.steps, slowest.completed_steps, slowest.error_steps) == (2, 2, 0)
    assert lately.windows[0].mean_task_seconds == 17.0
    assert lately.windows[0].mean_step_seconds == 2.0
    assert lately.health_score == 1.0


async def test_waiting_for_a_permit_is_not_running():
    clock = ManualClock()
    async with testing_engine(pair(clock), clock=clock, config=CONFIG) as engine:
        for _ in range(3):
            await engine.submit(
                TaskRequest(name="pair", namespace="shop", context={"steady": True})
            )
        await clock.advance(60)
        told = await engine.statistics()
    by_step = {each.step: each for each in told.by_step}
    assert by_step["slow"].run.max_seconds == 4.0
    assert by_step["slow"].queue.max_seconds == 8.0
    # Each `quick` is behind the `slow` ones that asked before it.
    waited = {(each.step, each.queue_seconds) for each in told.longest_waits}
    assert waited == {(name, wait) for name in ("slow", "quick") for wait in (0.0, 4.0, 8.0)}
    assert [each.queue_seconds for each in told.longest_waits] == [8.0, 8.0, 4.0, 4.0, 0.0, 0.0]
    assert told.tasks.run.max_seconds == 12.0


async def test_steps_that_run_or_never_started():
    clock = ManualClock()
    async with testing_engine(pair(clock), clock=clock, config=CONFIG) as engine:
        await engine.submit(TaskRequest(name="pair", namespace="shop", context={"steady": True}))
        await engine.submit(TaskRequest(name="pair", namespace="shop", context={"steady": True}))
        await clock.advance(5)
        told = await engine.statistics()
        assert told.tasks.states == {TaskState.IN_PROGRESS: 2}
        assert (told.tasks.at_rest, told.tasks.completion_rate) == (0, None)
        assert told.tasks.run.count == 0
        assert told.slowest_tasks == ()
        assert told.steps.states == {StepState.COMPLETE: 1, StepState.IN_PROGRESS: 1}
        assert (told.steps.run.count, told.steps.queue.count) == (1, 2)
        running, ended = told.longest_waits
        assert (running.state, running.queue_seconds) == (StepState.IN_PROGRESS, 4.0)
        assert running.run_seconds is None
        assert [each.task_id for each in told.slowest_steps] == [ended.task_id]
        assert (await engine.performance()).active_tasks == 2


async def test_a_task_that_failed_for_good(store):
    clock = ManualClock()
    async with testing_engine(pair(clock), clock=clock, config=CONFIG) as engine:
        context = {"steady": True, "declined": True}
        await engine.submit(TaskRequest(name="pair", namespace="shop", context=context))
        await clock.advance(10)
        told = await engine.statistics()
    assert (told.tasks.completion_rate, told.tasks.error_rate) == (0.0, 1.0)
    assert (told.errors[0].permanent, told.errors[0].latest_step) == (1, "quick")
    assert told.slowest_tasks[0].error_steps == 1


async def test_a_retry_under_way_is_no_success_yet():
    clock = ManualClock()
    async with testing_engine(pair(clock), clock=clock, config=CONFIG) as engine:
        await engine.submit(TaskRequest(name="pair", namespace="shop"))
        await clock.advance(14)
        steps = (await engine.statistics()).steps
    assert (steps.retried, steps.recovered, steps.retry_success_rate) == (1, 0, None)


async def test_a_period_cuts_by_creation():
    clock = ManualClock()
    async with testing_engine(pair(clock), clock=clock, config=CONFIG) as engine:
        for _ in range(4):
            await engine.submit(
                TaskRequest(name="pair", namespace="shop", context={"steady": True})
            )
            await clock.advance(100)
        told = await engine.statistics(TaskQuery(created_from=after(100), created_until=after(300)))
        assert (told.tasks.created, told.period.seconds) == (2, 200.0)
        assert told.tasks.created_per_hour == told.tasks.throughput_per_hour == pytest.approx(36)
        # One that is created inside and ends outside is no throughput of the period.
        told = await engine.statistics(TaskQuery(created_from=after(100), created_until=after(102)))
        assert (told.tasks.created, told.tasks.at_rest) == (1, 1)
        assert told.tasks.throughput_per_hour == told.steps.throughput_per_hour == 0.0
        # What is still to come is no time that went by.
        told = await engine.statistics(TaskQuery(created_from=after(300), created_until=after(9e5)))
        assert (told.tasks.created, told.period.seconds) == (1, 100.0)
        told = await engine.statistics(TaskQuery(created_from=after(500)))
        assert (told.tasks.created, told.tasks.created_per_hour) == (0, None)


async def test_what_cannot_be_told_is_refused():
    async with testing_engine() as engine:
        for top in (0, 1_001):
            with pytest.raises(InvalidRequestError, match="must be 1 to 1000"):
                await engine.statistics(top=top)
        query = TaskQuery(created_from=after(5), created_until=after(5))
        with pytest.raises(InvalidRequestError, match="is empty"):
            await engine.statistics(query)
    with pytest.raises(EngineClosedError):
        await engine.statistics()
    with pytest.raises(EngineClosedError):
        await engine.performance()


async def test_figures_are_read_beside_other_work(store):
    clock = ManualClock()
    async with testing_engine(pair(clock), clock=clock, config=CONFIG, store=store) as engine:
        await engine.submit(TaskRequest(name="pair", namespace="shop"))
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(engine.statistics)
            group.start_soon(engine.performance)
        assert (await engine.statistics()).tasks.created == 1
