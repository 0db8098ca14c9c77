"""Spans of tasks and attempts: what they tell, and how they hang together."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from tasker import Engine, EngineConfig, PermanentError, TaskRequest, define
from tasker.telemetry.span_ids import attempt_span_id, run_span_id, trace_id_of
from tasker.testing import ManualClock, testing_engine
from tests.engine.support import Gate, request
from tests.telemetry.dying import definition as mortal
from tests.telemetry.flaky import flaky, flaky_request
from tests.telemetry.traced import Spans, events, ids, linked, parent, tag

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

ROOT = Path(__file__).parents[2]


def in_nanoseconds(at: datetime) -> Any:
    """An instant, to the microsecond: the one and the other round in their own way."""
    return pytest.approx(at.timestamp() * 1e9, rel=0, abs=2_000)


# What happens to a task.


async def test_a_task_is_a_span_with_an_attempt_of_each_step_below_it():
    spans, order = Spans(), define("order", namespace="shop", version="1.2.0")

    @order.step
    async def reserve():
        return 1

    @order.step
    def charge(reserve):
        return 2

    async with testing_engine(order, tracer_provider=spans.provider) as engine:
        done = await engine.run(
            TaskRequest(name="order", namespace="shop", correlation_id="req-7", priority=3)
        )
    assert spans.names == ["step reserve", "step charge", "task shop.order"]
    task = spans.one("task shop.order")
    assert (parent(task), task.kind) == (None, SpanKind.CONSUMER)
    assert dict(task.attributes or {}) == {
        "tasker.task.id": done.task_id,
        "tasker.task.namespace": "shop",
        "tasker.task.name": "order",
        "tasker.task.version": "1.2.0",
        "tasker.task.priority": 3,
        "tasker.task.state": "complete",
        "tasker.task.attempts": 2,
        "tasker.correlation_id": "req-7",
        "tasker.node.id": engine._node_id,
    }
    for name in ("reserve", "charge"):
        span = spans.one(f"step {name}")
        assert parent(span) == ids(task)
        assert (tag(span, "tasker.step.attempt"), tag(span, "tasker.step.state")) == (1, "complete")
        assert tag(span, "tasker.task.id") == done.task_id
        assert tag(span, "tasker.correlation_id") == "req-7"
        assert span.status.status_code is StatusCode.UNSET
        assert (span.links, span.events) == ((), ())


async def test_spans_begin_and_end_when_their_work_did():
    spans, clock, gate = Spans(), ManualClock(), Gate()
    made = gate.definition()
    async with testing_engine(made, clock=clock, tracer_provider=spans.provider) as engine:
        began = clock.now()
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        await clock.advance(40)
        gate.open()
        task = await engine.wait(task_id)
    for span in spans.all:
        assert span.start_time == pytest.approx(began * 1e9)
        assert span.end_time == pytest.approx((began + 40) * 1e9)
    assert task.ended_at is not None
    assert spans.all[-1].end_time == in_nanoseconds(task.ended_at)


async def test_a_retry_is_another_span_and_its_backoff_an_event_of_the_one_that_failed():
    spans = Spans()
    async with testing_engine(flaky(1), tracer_provider=spans.provider) as engine:
        assert (await engine.run(flaky_request())).state == "complete"
    first, second = spans.named("step step")
    assert parent(first) == parent(second) == ids(spans.one("task shop.work"))
    assert first.status.status_code is StatusCode.ERROR
    assert first.status.description == "ValueError: failure 1"
    assert (tag(first, "error.type"), tag(first, "tasker.step.state")) == ("ValueError", "error")
    assert list(events(first)) == ["exception", "retry scheduled"]
    assert events(first)["exception"]["exception.message"] == "failure 1"
    assert "flaky.py" in events(first)["exception"]["exception.stacktrace"]
    retry = events(first)["retry scheduled"]
    assert retry["tasker.retry.attempt"] == 2
    assert first.end_time is not None
    assert second.start_time is not None
    assert 0.9 <= retry["tasker.retry.backoff_seconds"] <= 1.1
    assert second.start_time - first.end_time >= retry["tasker.retry.backoff_seconds"] * 1e9 - 1e6
    assert linked(second) == [ids(first)]
    assert spans.one("task shop.work").status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("options", "error", "attempts", "why"),
    [
        ({"retry_limit": 2}, ValueError, 2, "no attempt is left"),
        ({}, PermanentError, 1, "permanent error"),
    ],
)
async def test_a_task_that_fails_says_why(options, error, attempts, why):
    spans = Spans()
    made = flaky(9, error, **options)
    async with testing_engine(made, tracer_provider=spans.provider) as engine:
        assert (await engine.run(flaky_request())).state == "error"
    assert len(spans.named("step step")) == attempts
    assert events(spans.named("step step")[-1])["no retry"] == {"tasker.retry.reason": why}
    task = spans.one("task shop.work")
    assert task.status.status_code is StatusCode.ERROR
    assert task.status.description == "steps failed: step"
    assert tag(task, "tasker.task.failed_steps") == ("step",)
    assert tag(task, "tasker.task.attempts") == attempts


async def test_a_failed_task_that_is_tried_again_is_another_run_in_the_same_trace():
    spans, clock, made = Spans(), ManualClock(), flaky(1, retry_limit=1)
    async with testing_engine(made, clock=clock, tracer_provider=spans.provider) as engine:
        task_id = (await engine.run(flaky_request())).task_id
        await clock.advance(3600)
        await engine.retry(task_id)
        assert (await engine.wait(task_id)).state == "complete"
        await anyio.wait_all_tasks_blocked()
    failed, complete = spans.named("task shop.work")
    assert failed.context.trace_id == complete.context.trace_id
    assert ids(failed) != ids(complete)
    first, second = spans.named("step step")
    assert (parent(first), parent(second)) == (ids(failed), ids(complete))
    assert linked(second) == [ids(first)]


async def test_a_cancelled_task_has_its_spans_too():
    spans, gate = Spans(), Gate()
    async with testing_engine(gate.definition(), tracer_provider=spans.provider) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        await engine.cancel(task_id)
        await anyio.wait_all_tasks_blocked()
    task, step = spans.one("task default.work"), spans.one("step step")
    assert (tag(task, "tasker.task.state"), tag(step, "tasker.step.state")) == ("cancelled",) * 2
    assert parent(step) == ids(task)
    assert step.status.status_code is StatusCode.UNSET


async def test_an_attempt_that_takes_too_long_says_so():
    spans, clock, gate = Spans(), ManualClock(), Gate()
    made = gate.definition(timeout_seconds=5, retry_limit=1)
    async with testing_engine(made, clock=clock, tracer_provider=spans.provider) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        await clock.advance(5)
        assert (await engine.wait(task_id)).state == "error"
    step = spans.one("step step")
    assert tag(step, "error.type") == "StepTimedOut"
    assert events(step)["exception"]["exception.message"] == "the attempt took longer than 5 s"


async def test_tasks_that_run_at_once_have_a_trace_each():
    spans, made = Spans(), define("work")

    @made.step
    async def one(task):
        await anyio.lowlevel.checkpoint()
        return trace.get_current_span().get_span_context().trace_id

    @made.step
    def two(one):
        return trace.get_current_span().get_span_context().trace_id

    async with Engine.open("memory://", definitions=made, tracer_provider=spans.provider) as engine:
        submitted = [await engine.submit(request()) for _ in range(20)]
        tasks = [await engine.wait(task_id) for task_id in submitted]
    for task in tasks:
        expected = trace_id_of(task.task_id)
        assert task.results == {"one": expected, "two": expected}
    assert len(spans.named("task default.work")) == 20
    assert len({span.context.trace_id for span in spans.all}) == 20


# What hangs below an attempt.


@pytest.mark.parametrize("where", ["loop", "thread"])
async def test_spans_of_a_handler_are_below_its_attempt(where):
    spans, made = Spans(), define("work")
    tracer = spans.provider.get_tracer("shop")

    async def in_loop(task):
        with tracer.start_as_current_span("mine"):
            await anyio.lowlevel.checkpoint()

    def in_thread(task):
        with tracer.start_as_current_span("mine"):
            pass

    made.add_step("step", in_loop if where == "loop" else in_thread)
    async with testing_engine(made, tracer_provider=spans.provider) as engine:
        await engine.run(request())
    assert parent(spans.one("mine")) == ids(spans.one("step step"))


async def test_an_attempt_is_not_the_current_span_of_the_next_one():
    spans, seen = Spans(), []
    made = define("work")

    @made.step
    async def step(task):
        seen.append(trace.get_current_span().get_span_context())

    async with testing_engine(made, tracer_provider=spans.provider) as engine:
        await engine.run(request())
        await engine.run(request())
        assert not trace.get_current_span().get_span_context().is_valid
    assert seen[0].trace_id != seen[1].trace_id


def where_am_i():
    return trace.get_current_span().get_span_context().span_id


async def test_a_handler_in_a_process_has_its_attempt_as_the_current_span():
    spans, made = Spans(), define("work")
    made.add_step("step", f"{__name__}:where_am_i", executor="process")
    made.add_step("again", f"{__name__}:where_am_i", executor="process", depends_on=["step"])
    async with Engine.open("memory://", definitions=made, tracer_provider=spans.provider) as engine:
        task = await engine.run(request())
    assert task.results == {
        name: spans.one(f"step {name}").context.span_id for name in ("step", "again")
    }


# What a task hangs on.


async def test_a_task_is_linked_with_the_request_that_submitted_it():
    spans, made = Spans(), flaky(0)
    tracer = spans.provider.get_tracer("web")
    async with testing_engine(made, tracer_provider=spans.provider) as engine:
        given = await engine.run(flaky_request(traceparent=PARENT))
        with tracer.start_as_current_span("POST /orders"):
            await engine.run(flaky_request())
        alone = await engine.run(flaky_request())
    by_id = {tag(span, "tasker.task.id"): span for span in spans.named("task shop.work")}
    assert linked(by_id.pop(given.task_id)) == [
        (0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7)
    ]
    assert linked(by_id.pop(alone.task_id)) == []
    (of_request,) = by_id.values()
    assert linked(of_request) == [ids(spans.one("POST /orders"))]
    assert of_request.context.trace_id != spans.one("POST /orders").context.trace_id


async def test_a_task_that_a_step_submits_is_linked_with_the_attempt():
    spans, parent_task, child = Spans(), define("parent"), flaky(0)

    @parent_task.step
    async def spawn():
        return await engine.submit(flaky_request())

    async with testing_engine([parent_task, child], tracer_provider=spans.provider) as engine:
        task = await engine.run(request("parent"))
        await engine.wait(task.results["spawn"])
    assert linked(spans.one("task shop.work")) == [ids(spans.one("step spawn"))]


# In several processes.


async def test_a_task_whose_process_died_is_one_trace(tmp_path):
    url, file = f"sqlite:///{tmp_path / 'tasks.db'}", tmp_path / "spans.jsonl"
    died = await anyio.run_process(
        [sys.executable, "-m", "tests.telemetry.dying", url, str(file)], cwd=ROOT, check=False
    )
    assert died.returncode == 7
    (before,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert before["name"] == "step before"

    spans = Spans()
    async with Engine.open(
        url, definitions=mortal(dies=False), tracer_provider=spans.provider
    ) as engine:
        (task_id,) = [task.task_id for task in (await engine.list_tasks()).tasks]
        task = await engine.wait(task_id)
    assert task.results["perilous"] == 2
    root = spans.one("task default.mortal")
    assert root.parent is None
    assert int(before["parent_id"], 16) == root.context.span_id
    assert int(before["context"]["trace_id"], 16) == root.context.trace_id
    lost, again = spans.named("step perilous")
    assert parent(lost) == parent(again) == ids(root)
    assert tag(lost, "tasker.step.lost") is True
    assert events(lost)["exception"]["exception.type"] == "AttemptLost"
    assert linked(again) == [ids(lost)]
    assert tag(root, "tasker.node.id") != before["attributes"]["tasker.node.id"]
    # It began in the process that died, and ended in the one that took it up.
    assert task.started_at is not None
    assert root.start_time == in_nanoseconds(task.started_at)
    assert lost.start_time is not None
    assert again.start_time is not None
    assert root.start_time is not None
    assert root.start_time <= lost.start_time < again.start_time


async def test_a_task_that_left_memory_has_one_span_when_it_rests():
    spans = Spans()
    config = EngineConfig(passivate_after_seconds=0.0, shutdown_seconds=0.0)
    async with testing_engine(flaky(2), config=config, tracer_provider=spans.provider) as engine:
        assert (await engine.run(flaky_request())).state == "complete"
        assert engine.health().tasks.released > 0
    assert spans.names == ["step step"] * 3 + ["task shop.work"]
    assert {parent(span) for span in spans.named("step step")} == {ids(spans.all[-1])}


def test_ids_are_the_same_in_every_process_and_differ_for_all_else():
    assert trace_id_of("task-1") == 0x5A0D09BF65C3DEE0DFC1D36A165E1C45
    made = {
        trace_id_of("task-1"),
        trace_id_of("task-2"),
        run_span_id("task-1", None),
        run_span_id("task-1", 1.0),
        run_span_id("task-1", 1.5),
        attempt_span_id("task-1", "a", 1),
        attempt_span_id("task-1", "a", 2),
        attempt_span_id("task-1", "b", 1),
        attempt_span_id("task-2", "a", 1),
    }
    assert len(made) == 9
