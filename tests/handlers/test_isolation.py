"""What an attempt binds to its context is gone with it."""

import asyncio
import gc
import weakref
from contextvars import ContextVar

import anyio
import anyio.lowlevel
import pytest

from tasker import StepHandler
from tasker.actors.protocols import Cancellation
from tasker.handlers.isolation import isolated
from tests.handlers.support import attempt, results_of

BOUND: ContextVar[str] = ContextVar("bound", default="nothing")
FIELDS: ContextVar[dict[str, str]] = ContextVar("fields")


async def bind(value):
    found = BOUND.get()
    BOUND.set(value)
    await anyio.lowlevel.checkpoint()
    return found, BOUND.get()


async def test_a_variable_is_seen_inside_and_gone_outside():
    BOUND.set("the caller's")
    assert await isolated(bind("first"), Cancellation(), "work") == ("the caller's", "first")
    assert await isolated(bind("second"), Cancellation(), "work") == ("the caller's", "second")
    assert BOUND.get() == "the caller's"


async def test_bound_fields_of_a_logger_do_not_pile_up():
    async def handler(name):
        FIELDS.set({**FIELDS.get({}), name: "bound"})
        await anyio.lowlevel.checkpoint()
        return sorted(FIELDS.get())

    assert await isolated(handler("one"), Cancellation(), "work") == ["one"]
    assert await isolated(handler("two"), Cancellation(), "work") == ["two"]


async def test_a_token_can_be_reset_after_a_wait():
    async def handler():
        token = BOUND.set("inside")
        await anyio.lowlevel.checkpoint()
        BOUND.reset(token)
        return BOUND.get()

    assert await isolated(handler(), Cancellation(), "work") == "nothing"


async def leaving(step):
    found = BOUND.get()
    BOUND.set("left behind")
    return found


class LeavesLate(StepHandler):
    def process(self, task, sequence, step):
        return {}

    async def process_results(self, step, output, initial_results):
        step.results = BOUND.get()
        BOUND.set("left behind")


@pytest.mark.parametrize("handler", [leaving, LeavesLate])
async def test_attempts_in_one_coroutine_find_nothing_of_each_other(handler):
    for _ in range(2):
        assert results_of(await attempt(handler)) == "nothing"


async def test_tasks_that_a_handler_starts_inherit_its_variables():
    async def handler():
        BOUND.set("inherited")
        found: list[object] = []
        async with anyio.create_task_group() as group:
            group.start_soon(child, found)
        found.append(await asyncio.create_task(bind("of the task")))
        found.append(await anyio.to_thread.run_sync(BOUND.get))
        return found

    async def child(found):
        found.append(BOUND.get())

    assert await isolated(handler(), Cancellation(), "work") == [
        "inherited",
        ("inherited", "of the task"),
        "inherited",
    ]


@pytest.mark.parametrize("waits", [False, True])
async def test_exceptions_come_out_as_they_are(waits):
    failure = ValueError("mine")

    async def handler():
        if waits:
            await anyio.lowlevel.checkpoint()
        raise failure

    with pytest.raises(ValueError, match="mine") as caught:
        await isolated(handler(), Cancellation(), "work")
    assert caught.value is failure
    assert caught.value.__context__ is None


async def test_cancellation_reaches_the_handler_and_may_be_handled():
    seen = []

    async def handler():
        BOUND.set("inside")
        try:
            await anyio.sleep_forever()
        finally:
            seen.append(BOUND.get())

    with anyio.CancelScope() as scope:
        scope.cancel()
        await isolated(handler(), Cancellation(), "work")
    assert scope.cancelled_caught

    task = asyncio.create_task(_awaited(handler()))
    await anyio.lowlevel.checkpoint()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["inside", "inside"]


async def _awaited(work):
    return await isolated(work, Cancellation(), "work")


async def test_scopes_and_timeouts_inside_a_handler_work():
    async def handler():
        with anyio.move_on_after(0) as scope:
            await anyio.sleep_forever()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        with pytest.raises(TimeoutError), anyio.fail_after(0):
            await anyio.sleep_forever()
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()
        assert asyncio.current_task() is outer
        return scope.cancelled_caught

    outer = asyncio.current_task()
    assert await isolated(handler(), Cancellation(), "work")
    assert outer is not None
    assert outer.cancelling() == 0


async def test_a_scope_outside_times_a_handler_out():
    with pytest.raises(TimeoutError), anyio.fail_after(0):
        await isolated(anyio.sleep_forever(), Cancellation(), "work")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await isolated(asyncio.Event().wait(), Cancellation(), "work")


async def test_a_coroutine_that_is_closed_closes_the_handler():
    closed = []

    async def handler():
        try:
            await anyio.sleep_forever()
        except GeneratorExit:
            closed.append("handler")
            raise

    outer = _awaited(handler())
    outer.send(None)
    outer.close()
    assert closed == ["handler"]


async def test_nothing_is_kept_of_an_exception():
    class Large(Exception):
        pass

    async def handler():
        try:
            await asyncio.get_running_loop().create_future()
        except BaseException:
            raise Large from None

    task = asyncio.create_task(_awaited(handler()))
    await anyio.lowlevel.checkpoint()
    task.cancel()
    gc.disable()
    try:
        await asyncio.wait([task])
        kept = weakref.ref(task.exception())
        del task
        assert kept() is None
    finally:
        gc.enable()


async def test_a_forced_cancellation_ends_what_would_not_be_cancelled():
    cancellation = Cancellation()
    cancelled = 0

    async def stubborn():
        nonlocal cancelled
        while True:
            try:
                await anyio.sleep_forever()
            except asyncio.CancelledError:
                cancelled += 1

    async def run():
        await isolated(stubborn(), cancellation, "work")

    task = asyncio.create_task(run())
    await anyio.lowlevel.checkpoint()
    task.cancel()
    await anyio.lowlevel.checkpoint()
    assert not task.done()
    assert cancelled == 1
    cancellation.forced = True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled == 1
