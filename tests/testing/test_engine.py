"""The engine for tests: no waiting, the same every time, and everything told of."""

import inspect
import threading

import anyio
import httpx
import pytest

from tasker import ApiStepHandler, RetryableError, TaskRequest, define
from tasker.errors import InvalidRequestError
from tasker.events.known import state_changes
from tasker.testing import JumpClock, ManualClock, run_task, testing_engine
from tasker.testing.clock import START


def failing(times, **options):
    """Return a definition whose one step fails that many times."""
    definition = define("failing")

    @definition.step(retry_limit=times + 1, **options)
    async def work(step):
        if step.attempt <= times:
            raise RetryableError("not yet")
        return step.attempt

    return definition


def hanging(**options):
    definition = define("hanging")

    @definition.step(**options)
    async def work():
        await anyio.sleep_forever()

    return definition


async def test_backoffs_of_minutes_are_over_at_once():
    async with testing_engine(failing(10)) as engine:
        with anyio.fail_after(20):
            task = await engine.run(TaskRequest(name="failing"))
        assert task.results == {"work": 11}
        # 1 + 2 + … + 32 s, then attempt² four times, all ±10 %
        assert 0.9 * 357 <= engine.clock.now() - START <= 1.1 * 357


async def test_each_attempt_starts_when_it_is_due():
    async with testing_engine(failing(3)) as engine:
        task = await engine.run(TaskRequest(name="failing"))
        events = engine.captured.of(task.task_id, "work")
        starts = [event.at for event in events if event.name == "step.execution_requested"]
        dues = [event.retry_at for event in events if event.name == "step.failed"]
        assert starts[1:] == pytest.approx(dues)


async def test_time_stands_while_a_step_runs():
    async with testing_engine([hanging(), failing(1)]) as engine:
        await engine.submit(TaskRequest(name="hanging"))
        task_id = await engine.submit(TaskRequest(name="failing"))
        with pytest.raises(TimeoutError):
            await engine.wait(task_id, timeout_seconds=0.3)
        assert engine.clock.now() == START
        await engine.clock.advance(2)
        assert (await engine.wait(task_id)).state == "complete"


async def test_time_stands_while_a_thread_works():
    done = threading.Event()
    definition = define("threaded")

    @definition.step
    def slow():
        done.wait(20)
        return 1

    async with testing_engine([definition, failing(1)]) as engine:
        slow_id = await engine.submit(TaskRequest(name="threaded"))
        other_id = await engine.submit(TaskRequest(name="failing"))
        with pytest.raises(TimeoutError):
            await engine.wait(other_id, timeout_seconds=0.3)
        done.set()
        assert (await engine.wait(slow_id)).state == "complete"
        assert (await engine.wait(other_id)).state == "complete"


async def test_advancing_lets_a_step_time_out():
    async with testing_engine(hanging(timeout_seconds=30, retry_limit=1)) as engine:
        task_id = await engine.submit(TaskRequest(name="hanging"))
        await engine.clock.advance(29)
        assert (await engine.get(task_id)).state == "in_progress"
        await engine.clock.advance(2)
        task = await engine.wait(task_id)
        assert task.state == "error"
        assert "30 s" in task.errors["work"].message
        assert task.step("work").run_seconds == 30


async def test_a_manual_clock_moves_when_told_and_only_then():
    clock = ManualClock()
    async with testing_engine(failing(1), clock=clock) as engine:
        task_id = await engine.submit(TaskRequest(name="failing"))
        with pytest.raises(TimeoutError):
            await engine.wait(task_id, timeout_seconds=0.2)
        await clock.advance(0.5)
        assert (await engine.get(task_id)).step("work").state == "error"
        await clock.advance(1)
        assert (await engine.get(task_id)).state == "complete"
        assert clock.now() == START + 1.5


async def test_a_handler_that_waits_for_the_clock_lets_it_jump():
    class Api(ApiStepHandler):
        sent = 0

        def make_connection(self, options):
            options["transport"]._inner = httpx.MockTransport(self._answer)
            return super().make_connection(options)

        def _answer(self, request):
            type(self).sent += 1
            if self.sent < 3:
                raise httpx.ConnectError("nobody there")
            return httpx.Response(200, json={"ok": True})

    definition = define("api")
    config = {
        "type": "api",
        "url": "https://example.test",
        "retries": 3,
        "retry_delay": 60,
        "enable_exponential_backoff": True,
    }
    definition.add_step("call", Api, handler_config=config)
    task = await run_task(definition)
    assert task.state == "complete"
    assert task.step("call").attempts == 1
    assert (task.step("call").run_seconds or 0) >= 60


async def test_ids_and_times_are_the_same_in_every_run():
    async def run():
        async with testing_engine(failing(2)) as engine:
            for _ in range(3):
                await engine.run(TaskRequest(name="failing"))
            return engine.captured.events

    first, second = await run(), await run()
    assert first == second
    assert len({event.task_id for event in first}) == 3


async def test_events_are_captured_from_the_start():
    async with testing_engine(failing(1)) as engine:
        task = await engine.run(TaskRequest(name="failing"))
        assert engine.captured.names(task.task_id, *state_changes()) == [
            *["task.created", "task.start_requested", "step.execution_requested"],
            *["step.failed", "step.retry_requested", "step.execution_requested"],
            *["step.completed", "task.completed"],
        ]
        engine.captured.clear()
        assert engine.captured.names() == []


async def test_an_error_of_the_test_comes_out_as_it_is():
    async def test():
        async with testing_engine(hanging()) as engine:
            await engine.submit(TaskRequest(name="hanging"))
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await test()


async def test_leaving_interrupts_what_hangs():
    with anyio.fail_after(10):
        async with testing_engine(hanging()) as engine:
            await engine.submit(TaskRequest(name="hanging"))


async def test_one_task_in_one_line():
    task = await run_task(failing(5), context={"a": 1}, tags=["nightly"])
    assert (task.state, task.context, task.tags) == ("complete", {"a": 1}, ("nightly",))


async def test_a_task_that_fails_is_returned_as_it_ended():
    definition = define("broken")

    @definition.step(retry_limit=2)
    async def work():
        raise ValueError("always")

    task = await run_task(definition)
    assert task.state == "error"
    assert task.step("work").attempts == 2


async def test_a_task_that_hangs_is_not_waited_for_for_ever():
    with pytest.raises(TimeoutError):
        await run_task(hanging(), timeout_seconds=0.2)


async def test_which_of_several_definitions_is_asked_for():
    with pytest.raises(InvalidRequestError, match=r"default\.failing, default\.hanging"):
        await run_task([failing(1), hanging()])  # type: ignore[arg-type]


async def test_a_jumping_clock_ends_with_its_engine():
    clock = JumpClock()
    async with testing_engine(failing(1), clock=clock) as engine:
        await engine.run(TaskRequest(name="failing"))
    ended = clock.now()
    with anyio.move_on_after(0.1):
        await clock.sleep(5)
    assert clock.now() == ended


def test_pytest_does_not_take_it_for_a_test():
    assert inspect.isfunction(testing_engine)
    assert vars(testing_engine)["__test__"] is False
