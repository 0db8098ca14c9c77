"""Step handlers that fail, make mistakes or are cancelled: what is told of it."""

import asyncio

import anyio
import pytest

from tasker.errors import PermanentError, RetryableError, UnknownDefinitionError
from tasker.handlers import StepHandler
from tasker.handlers.binding import BoundDefinition
from tasker.handlers.runner import HandlerRunner
from tests.handlers.support import (
    FakeClock,
    attempt,
    bound_step,
    context_of,
    error_of,
    failed_before,
    kept_by,
    order_for,
    results_of,
    state_of,
)

# Failures.


async def test_results_set_before_raising_are_kept():
    async def work(step):
        step.results = {"reached": 3}
        raise ValueError("then this")

    result = await attempt(work)
    assert error_of(result).message == "then this"
    assert kept_by(result) == {"reached": 3}


async def test_a_failure_without_results_keeps_none():
    async def work(step):
        assert step.results == {"tried": 1}
        raise ValueError

    result = await attempt(work, record=failed_before)
    assert kept_by(result) is None
    assert error_of(result).message == "ValueError"


async def test_a_swallowed_exception_is_a_success():
    async def work():
        try:
            raise OSError("gone")
        except OSError as error:
            return {"fallback": str(error)}

    assert results_of(await attempt(work)) == {"fallback": "gone"}


async def test_errors_say_whether_and_when_to_retry():
    def permanent():
        raise PermanentError("declined", error_code="CARD", context={"card": 4})

    def later():
        raise RetryableError("busy", retry_after=2.5)

    def other():
        raise KeyError("x")

    error = error_of(await attempt(permanent))
    assert (error.permanent, error.error_code, error.error_class) == (
        True,
        "CARD",
        "tasker.errors.PermanentError",
    )
    assert context_of(error) == {"card": 4}
    error = error_of(await attempt(later))
    assert (error.permanent, error.retry_after) == (False, 2.5)
    error = error_of(await attempt(other))
    assert (error.permanent, error.error_class, error.message) == (False, "KeyError", "'x'")


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_the_backtrace_starts_in_the_handler(kind):
    def inner():
        raise ValueError("deep")

    async def async_work():
        inner()

    def plain_work():
        inner()

    error = error_of(await attempt(async_work if kind == "async" else plain_work))
    handler_frames = [frame.rpartition(".")[2] for frame in error.backtrace]
    assert handler_frames[-2:] == [f"{kind}_work", "inner"]
    assert "test_step_failures.py:" in error.backtrace[-1]
    assert not any("tasker/handlers" in frame for frame in error.backtrace)


async def test_a_missing_step_is_told_with_those_there_are():
    async def work(sequence):
        sequence.find_step_by_name("befor")

    error = error_of(await attempt(work, results={"before": 1}))
    assert "task task-1 has no step 'befor'; it has before, work" in error.message


async def test_get_previous_step_data():
    class Reads(StepHandler):
        async def process(self, task, sequence, step):
            assert self.get_previous_step_data(sequence, "before") == {"id": 7}
            assert self.get_previous_step_data(sequence, "before", "id") == 7
            assert self.get_previous_step_data(sequence, "before", "no", None) is None
            return self.get_previous_step_data(sequence, "before", "no")

    error = error_of(await attempt(Reads, results={"before": {"id": 7}}))
    assert error.message == "\"step 'before' (complete) has no result 'no'; it has 'id'\""


# Mistakes.


async def test_what_was_not_awaited_is_told():
    async def other():
        return 1

    def plain():
        return other()

    async def forgets():
        return other()

    error = error_of(await attempt(plain))
    assert "plain returned something to be awaited; make the handler async def" in error.message
    assert error.permanent
    assert (
        "forgets returned something to be awaited; await it"
        in error_of(await attempt(forgets)).message
    )


async def test_a_generator_is_told():
    error = error_of(await attempt(lambda: (x for x in [1])))
    assert "returned a generator" in error.message


# Exceptions that are more than errors.


@pytest.mark.parametrize("raised", [SystemExit(2), asyncio.CancelledError(), StopIteration(1)])
@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_exceptions_that_would_end_the_engine_are_failures(raised, kind):
    async def async_work():
        raise raised

    def plain_work():
        raise raised

    error = error_of(await attempt(async_work if kind == "async" else plain_work))
    assert not error.permanent


async def test_a_keyboard_interrupt_that_a_handler_raises_is_its_failure_alone():
    async def work():
        raise KeyboardInterrupt

    assert error_of(await attempt(work)).error_class == "KeyboardInterrupt"


@pytest.mark.parametrize("kind", ["scope", "task"])
async def test_cancellation_reaches_the_handler_and_the_caller(kind):
    started = anyio.Event()
    seen = []

    async def work():
        try:
            started.set()
            await anyio.sleep_forever()
        except asyncio.CancelledError:
            seen.append("handler")
            raise

    async def run():
        try:
            await attempt(work)
        except asyncio.CancelledError:
            seen.append("caller")
            raise

    if kind == "task":
        task = asyncio.ensure_future(run())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await started.wait()
            group.cancel_scope.cancel()
    assert seen == ["handler", "caller"]


async def test_an_inner_task_that_was_cancelled_is_a_failure():
    async def work():
        inner = asyncio.ensure_future(asyncio.sleep(60))
        inner.cancel()
        await inner

    assert error_of(await attempt(work)).error_class == "asyncio.exceptions.CancelledError"


async def test_a_definition_that_is_not_known_is_a_failure():
    bound = bound_step(lambda: 1)

    def unknown(definition_hash: str) -> BoundDefinition:
        raise UnknownDefinitionError(namespace="n", name="x", version=None, known=())

    async with HandlerRunner(unknown, clock=FakeClock()) as runner:
        error = error_of(await runner.run(order_for(state_of(bound), "work")))
    assert "no definition n.x" in error.message
