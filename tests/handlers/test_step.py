"""Step handlers: what they see, what they return, and the threads that they run in."""

import asyncio
import contextvars
import threading
from datetime import UTC, datetime

import anyio
import pytest

from tasker.handlers import StepHandler
from tasker.stores.records import StepRecord
from tests.handlers.support import (
    attempt,
    bound_step,
    error_of,
    failed_before,
    order_for,
    raw,
    results_of,
    runner_for,
    state_of,
)


async def test_process_is_given_task_sequence_and_step():
    class Looks(StepHandler):
        async def process(self, task, sequence, step):
            assert task.requested_at == datetime(2023, 11, 14, 22, 13, 15, tzinfo=UTC)
            assert task.created_at.tzinfo is UTC
            assert step.inputs is task.context
            return {
                "task": [task.task_id, task.namespace, task.name, task.version, task.state],
                "who": [task.initiator, task.source_system, task.reason, task.tags],
                "more": [task.priority, task.bypass_steps],
                "step": [step.name, step.task_id, step.state, step.attempt, step.attempts],
                "limits": [step.retry_limit, step.retryable, step.skippable],
                "config": self.config,
                "error": step.error.message,
                "others": [each.name for each in sequence.steps],
                "results": sequence.results,
            }

    bound = bound_step(Looks, upstream=("fetch", "wait"), config={"a": [1]}, retry_limit=5)
    state = state_of(
        bound,
        results={"fetch": 1},
        records={"work": failed_before},
        initiator="ann",
        source_system="web",
        reason="order",
        tags=("x",),
        priority=3,
        bypass_steps=("y",),
    )
    async with runner_for(bound) as runner:
        result = await runner.run(order_for(state, "work", 2))
    assert results_of(result) == {
        "task": ["task-1", "default", "job", "0.1.0", "in_progress"],
        "who": ["ann", "web", "order", ["x"]],
        "more": [3, ["y"]],
        "step": ["work", "task-1", "in_progress", 2, 2],
        "limits": [5, True, False],
        "config": {"a": [1]},
        "error": "no",
        "others": ["fetch", "wait", "work"],
        "results": {"fetch": 1},
    }


async def test_inputs_of_a_step_stand_before_the_context():
    async def work(step):
        return step.inputs

    own = StepRecord(name="work", inputs=raw({"mine": True}))
    assert results_of(await attempt(work, context={"all": 1})) == {"all": 1}
    assert results_of(await attempt(work, context={"all": 1}, record=own)) == {"mine": True}


async def test_what_a_handler_changes_stays_in_its_attempt():
    class Changes(StepHandler):
        async def process(self, task, sequence, step):
            seen = [len(task.context["list"]), len(self.config["list"]), len(step.config["list"])]
            task.context["list"].append(1)
            self.config["list"].append(1)
            step.config["list"].append(1)
            self.count = getattr(self, "count", 0) + 1
            return [*seen, self.count, len(sequence.find_step_by_name("before").results)]

    bound = bound_step(Changes, upstream=("before",), config={"list": []})
    state = state_of(bound, context={"list": []}, results={"before": []})
    async with runner_for(bound) as runner:
        for number in (1, 2):
            result = await runner.run(order_for(state, "work", number))
            assert results_of(result) == [0, 0, 0, 1, 0]


# Results: returned, set by hand, changed in place, or processed.


async def test_the_return_value_is_the_result():
    async def work():
        return {"id": 1}

    assert results_of(await attempt(work)) == {"id": 1}
    assert results_of(await attempt(lambda: None)) is None


async def test_results_set_by_hand_are_kept():
    class Sets(StepHandler):
        def process(self, task, sequence, step):
            step.results = {"by": "hand"}
            return "ignored"

    class OfNobody:
        async def process(self, task, sequence, step):
            step.results = {"by": "hand"}
            return "ignored"

    for handler in (Sets, OfNobody):
        assert results_of(await attempt(handler)) == {"by": "hand"}


async def test_results_changed_in_place_are_kept():
    async def changes(step):
        step.results["more"] = 2
        return "ignored"

    assert results_of(await attempt(changes)) == {"more": 2}
    assert results_of(await attempt(changes, record=failed_before)) == {"tried": 1, "more": 2}


async def test_an_equal_value_set_by_hand_is_kept():
    async def sets(step):
        step.results = {"tried": 1}
        return "ignored"

    assert results_of(await attempt(sets, record=failed_before)) == {"tried": 1}


async def test_results_that_were_only_looked_at_are_replaced():
    async def looks(step):
        assert step.results == {"tried": 1}
        return "new"

    assert results_of(await attempt(looks, record=failed_before)) == "new"


async def test_results_of_another_step_cannot_be_set():
    async def meddles(sequence):
        sequence.find_step_by_name("before").results = 1

    error = error_of(await attempt(meddles, results={"before": 0}))
    assert error.error_class == "AttributeError"
    assert "'before' cannot be set from another step" in error.message


class Returns(StepHandler):
    def process(self, task, sequence, step):
        return {"rows": [3, 1, 2]}


class SortsBySetting(Returns):
    def process_results(self, step, output, initial_results):
        step.results = {"sorted": sorted(output["rows"]), "initial": initial_results}


class SortsByReturning(Returns):
    def process_results(self, step, output, initial_results):
        return {"sorted": sorted(output["rows"]), "initial": initial_results}


class SortsAsync(Returns):
    async def process_results(self, step, output, initial_results):
        await anyio.lowlevel.checkpoint()
        return {"sorted": sorted(output["rows"]), "initial": initial_results}


@pytest.mark.parametrize("handler", [SortsBySetting, SortsByReturning, SortsAsync])
async def test_process_results_may_set_or_return(handler):
    expected = {"sorted": [1, 2, 3], "initial": {"tried": 1}}
    assert results_of(await attempt(handler, record=failed_before)) == expected


async def test_process_results_that_does_neither_leaves_the_output():
    class Logs(Returns):
        def process_results(self, step, output, initial_results):
            assert output == {"rows": [3, 1, 2]}

    assert results_of(await attempt(Logs)) == {"rows": [3, 1, 2]}


async def test_a_base_class_may_call_the_default():
    class Extends(Returns):
        def process_results(self, step, output, initial_results):
            super().process_results(step, output, initial_results)
            step.results["count"] = 3

    assert results_of(await attempt(Extends)) == {"rows": [3, 1, 2], "count": 3}


async def test_a_result_that_json_cannot_hold_is_permanent_and_names_the_key():
    async def work():
        return {"rows": [{"when": object()}]}

    error = error_of(await attempt(work))
    assert error.permanent
    assert "the result of step work cannot be stored: $.rows[0].when" in error.message


async def test_a_result_that_is_too_large_is_permanent():
    bound = bound_step(lambda: "x" * 200)
    async with runner_for(bound, result_limit=100) as runner:
        error = error_of(await runner.run(order_for(state_of(bound), "work")))
    assert error.permanent
    assert "over the limit of 100" in error.message


# Threads.


async def test_plain_handlers_run_in_threads_with_the_callers_context_variables():
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("kept")

    def work():
        return [threading.current_thread() is threading.main_thread(), variable.get()]

    assert results_of(await attempt(work)) == [False, "kept"]


async def test_threads_have_their_own_limit():
    release, both = threading.Event(), anyio.Event()
    started: list[int] = []
    loop = asyncio.get_running_loop()

    def begun():
        started.append(1)
        if len(started) == 2:
            both.set()

    def work():
        loop.call_soon_threadsafe(begun)
        release.wait(5)

    bound = bound_step(work)
    async with runner_for(bound, threads=2) as runner, anyio.create_task_group() as group:
        for number in range(1, 5):
            group.start_soon(runner.run, order_for(state_of(bound), "work", number))
        await both.wait()
        threads = runner._executors._threads.statistics()
        release.set()
    assert (threads.borrowed_tokens, threads.tasks_waiting) == (2, 2)
    assert len(started) == 4


async def test_cancelling_does_not_wait_for_a_thread():
    started, release, ended = anyio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work():
        loop.call_soon_threadsafe(started.set)
        release.wait(5)
        ended.set()

    bound = bound_step(work)
    async with runner_for(bound) as runner:
        async with anyio.create_task_group() as group:
            group.start_soon(runner.run, order_for(state_of(bound), "work"))
            await started.wait()
            group.cancel_scope.cancel()
        assert not ended.is_set()
        release.set()
        assert await anyio.to_thread.run_sync(ended.wait, 5)
