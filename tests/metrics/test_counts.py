"""What is counted is what the store has: over random work, operations and restarts."""

import copy

import anyio
import pytest

from tasker import Engine, RetryableError, TaskRequest, define
from tasker.stores import MemoryStore
from tasker.testing import testing_engine
from tests.engine.support import Gate, one_step, request, until
from tests.metrics.work import CONFIG, counted, definition, run_each, run_some, seeded, told_by


def open_engine(url):
    return Engine.open(url, definitions=[definition(), definition("1.1.0")], config=CONFIG)


def value(engine, name, **labels):
    """The sum of the series with these labels."""
    return sum(
        each.value
        for each in engine.metrics.snapshot().metrics
        if each.name == name and labels.items() <= each.labels.items()
    )


def distribution(engine, name, **labels):
    (found,) = [
        each
        for each in engine.metrics.snapshot().metrics
        if each.name == name and labels.items() <= each.labels.items()
    ]
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_counts_equal_the_histories_over_restarts(seed, store_url):
    url = store_url
    chance = seeded(seed)
    total = counted(open_engine("memory://"))
    assert not total
    for _ in range(3):
        # Some tasks are in the middle when it ends: the next engine takes them up.
        async with open_engine(url) as engine:
            await run_each(engine)
            await run_some(engine, chance, 60)
        total += counted(engine)
    async with open_engine(url) as engine:
        with anyio.fail_after(30):
            while (await engine.count_tasks()).keys() & {"pending", "in_progress"}:  # noqa: ASYNC110
                await anyio.sleep(0.02)
        total += counted(engine)
        told = +await told_by(engine)
        assert total == told
        states = await engine.count_tasks()
    kinds = {name.split("_")[2] for (name, *_) in told}
    assert kinds >= {"started", "completed", "failed", "retried", "cancelled", "resolved"}
    ended = {name: 0 for name in ("completed", "cancelled", "resolved")}
    for name, *_ in told:
        for kind in ended:
            if name == f"tasker_tasks_{kind}_total":
                ended[kind] = sum(n for (each, *_), n in total.items() if each == name)
    assert ended["completed"] == states["complete"]
    assert ended["cancelled"] == states.get("cancelled", 0)
    assert ended["resolved"] == states.get("resolved_manually", 0)


async def test_every_attempt_that_ended_has_its_time_and_its_wait(tmp_path):
    async with open_engine("memory://") as engine:
        await run_some(engine, seeded(3), 40)
        with anyio.fail_after(30):
            while (await engine.count_tasks()).keys() & {"pending", "in_progress"}:  # noqa: ASYNC110
                await anyio.sleep(0.02)
        for step in ("split", "join"):
            for version in ("1.0.0", "1.1.0"):
                of = {"step": step, "version": version}
                ended = value(engine, "tasker_steps_completed_total", **of) + value(
                    engine, "tasker_steps_failed_total", **of
                )
                assert distribution(engine, "tasker_step_duration_seconds", **of).count == ended
                begun = value(engine, "tasker_steps_started_total", **of)
                assert distribution(engine, "tasker_step_queue_seconds", **of).count == begun


async def test_times_are_those_of_the_clock():
    work = define("work")

    @work.step(retry_limit=2)
    async def slow(step):
        await engine.clock.sleep(3.0)
        if step.attempt == 1:
            raise RetryableError("again", retry_after=40)

    async with testing_engine(work) as engine:
        await engine.run(request())
        ran = distribution(engine, "tasker_step_duration_seconds")
        assert (ran.count, ran.sum) == (2, pytest.approx(6.0, abs=0.01))
        assert (ran.buckets["2.5"], ran.buckets["5.0"]) == (0, 2)
        queued = distribution(engine, "tasker_step_queue_seconds")
        assert (queued.count, queued.sum) == (2, pytest.approx(0.0, abs=0.01))
        whole = distribution(engine, "tasker_task_duration_seconds")
        assert whole.sum == pytest.approx(46.0, abs=0.05)
        assert value(engine, "tasker_step_backoff_seconds_total") == pytest.approx(40.0, abs=0.01)


async def test_an_attempt_that_is_retried_at_once_has_its_own_time():
    """The failure and the next start are one decision: the record is of the next attempt."""
    work = define("work")

    @work.step(retry_limit=2)
    async def slow(step):
        await engine.clock.sleep(3.0 if step.attempt == 1 else 20.0)
        if step.attempt == 1:
            raise RetryableError("again", retry_after=0)

    async with testing_engine(work) as engine:
        await engine.run(request())
        ran = distribution(engine, "tasker_step_duration_seconds")
        assert (ran.count, ran.sum) == (2, pytest.approx(23.0, abs=0.01))
        assert ran.buckets["5.0"] == 1


async def test_a_step_that_waits_for_a_permit_is_seen_to_wait():
    work = define("work")

    @work.step(max_concurrent_requests=1)
    async def first(task):
        await engine.clock.sleep(7.0)

    async with testing_engine(work) as engine:
        ids = [await engine.submit(request()) for _ in range(2)]
        for task_id in ids:
            await engine.wait(task_id)
        queued = distribution(engine, "tasker_step_queue_seconds")
        assert (queued.count, queued.sum) == (2, pytest.approx(7.0, abs=0.01))


async def test_an_attempt_cut_short_is_lost_and_has_no_time(store_url):
    url = store_url
    gate = Gate()
    async with Engine.open(url, definitions=gate.definition(), config=CONFIG) as engine:
        await engine.submit(request(context={"n": 1}))
        await until(lambda: gate.entered)
        assert value(engine, "tasker_permits_in_use") == 1
        assert value(engine, "tasker_supervisors_live") == 1
    assert value(engine, "tasker_steps_lost_total") == 1
    assert distribution(engine, "tasker_step_duration_seconds").count == 0
    gate.open()
    async with Engine.open(url, definitions=gate.definition(), config=CONFIG) as engine:
        await until(lambda: value(engine, "tasker_tasks_completed_total"))
        # It was handed back in order: no attempt was under way any more.
        assert value(engine, "tasker_recoveries_total") == 0
        assert value(engine, "tasker_steps_retried_total") == 1


async def test_what_a_dead_engine_left_is_a_recovery():
    store, gate = MemoryStore(), Gate()
    async with Engine.open(store, definitions=gate.definition(), config=CONFIG) as engine:
        await engine.submit(request(context={"n": 1}))
        await until(lambda: gate.entered)
        left = copy.deepcopy(store._entries)
    # As if it had died before it handed anything back.
    store._entries = left
    gate.open()
    async with Engine.open(store, definitions=gate.definition(), config=CONFIG) as engine:
        await until(lambda: value(engine, "tasker_tasks_completed_total"))
        assert value(engine, "tasker_recoveries_total") == 1
        assert value(engine, "tasker_steps_lost_total") == 1


async def test_versions_of_a_definition_are_apart_and_names_are_all_the_labels_there_are():
    async with open_engine("memory://") as engine:
        for version in ("1.0.0", "1.1.0"):
            plan = {name: ["ok"] for name in ("split", "left", "right", "join")}
            await engine.run(
                TaskRequest(name="work", namespace="shop", version=version, context={"plan": plan})
            )
        assert value(engine, "tasker_tasks_completed_total", version="1.0.0") == 1
        assert value(engine, "tasker_tasks_completed_total", version="1.1.0") == 1
        before = len(engine.metrics.snapshot().metrics)
        await run_some(engine, seeded(4), 20)
        # However many tasks: the series are those of the definitions.
        assert len(engine.metrics.snapshot().metrics) == before


async def test_a_definition_that_is_replaced_goes_on_with_its_series():
    async with testing_engine(one_step()) as engine:
        await engine.run(request())
        other = define("work")
        other.add_step("step", lambda: 1, retry_limit=7)
        engine.register(other, replace=True)
        await engine.run(request())
        assert value(engine, "tasker_steps_completed_total", step="step") == 2
