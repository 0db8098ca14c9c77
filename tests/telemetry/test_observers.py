"""Whatever takes note of tasks may fail: the tasks go on, and so do the others."""

import logging

import pytest

from tasker import Engine, EngineConfig, PermanentError, TaskHandler, TaskRequest, define
from tasker.events import Event
from tasker.events.bus import EventBus
from tasker.telemetry import TelemetryConfig
from tasker.telemetry.engine_log import logger
from tasker.telemetry.metrics.counting import TaskCounts
from tasker.telemetry.spans import Traces
from tasker.telemetry.task_log import TaskLog
from tests.events.support import chain
from tests.telemetry.traced import Spans

PARTS = {"events": EventBus, "log": TaskLog, "metrics": TaskCounts, "traces": Traces}
WAITING = EngineConfig(max_resident_tasks=1, shutdown_seconds=0.0)
"""So that some tasks wait in the store, and are taken up from there."""
TASKS = 6


def failures(engine, part):
    named = {"part": part}
    return engine.metrics.registry.get_sample_value("tasker_telemetry_failures_total", named)


def told_of(caplog, part):
    return [r for r in caplog.records if getattr(r, "witness", None) == part]


@pytest.mark.parametrize("what", ["created", "taken_up", "decided"])
@pytest.mark.parametrize("part", PARTS)
async def test_one_that_raises_harms_neither_a_task_nor_the_others(part, what, monkeypatch, caplog):
    def fails(*given):
        raise RuntimeError(f"a fault in {part}")

    monkeypatch.setattr(PARTS[part], what, fails)
    spans = Spans()
    completed: list[Event] = []
    engine = Engine.open(
        "memory://", definitions=chain(), config=WAITING, tracer_provider=spans.provider
    )
    engine.on("task.completed")(completed.append)
    async with engine:
        ids = [await engine.submit(TaskRequest(name="chain")) for _ in range(TASKS)]
        states = [(await engine.wait(task_id)).state for task_id in ids]
        count = int(failures(engine, part))
        others = {each: failures(engine, each) for each in PARTS if each != part}
        counted = engine.metrics.registry.get_sample_value(
            "tasker_tasks_completed_total",
            {"namespace": "default", "name": "chain", "version": "0.1.0"},
        )
    assert states == ["complete"] * TASKS
    assert count > 0
    assert set(others.values()) == {0.0}
    # It says so, and does not say so each time.
    assert 0 < len(told_of(caplog, part)) <= count.bit_length()
    assert f"a fault in {part}" in told_of(caplog, part)[0].getMessage()
    if (part, what) != ("metrics", "decided"):
        assert counted == TASKS
    if (part, what) != ("events", "decided"):
        assert len(completed) == TASKS
    if (part, what) != ("traces", "decided"):
        assert len(spans.named("task default.chain")) == TASKS


class Broken(logging.Filter):
    """A filter of the application's."""

    def filter(self, record):
        raise RuntimeError("a filter of the application")


@pytest.fixture
def broken_log():
    broken = Broken()
    named = [logging.getLogger("tasker"), logging.getLogger("tasker.tasks")]
    for each in named:
        each.addFilter(broken)
    yield
    for each in named:
        each.removeFilter(broken)


class Unnoted(TaskHandler):
    def update_annotations(self, task, sequence, steps):
        raise ValueError("no note")


@pytest.mark.usefixtures("broken_log")
async def test_a_log_that_raises_harms_no_task(capsys):
    refusing = define("refusing", task_handler=Unnoted)

    @refusing.step
    async def refuse():
        raise PermanentError("no")

    # Every commit is told to be slow, every stream to be full, and a hook fails.
    config = EngineConfig(telemetry=TelemetryConfig(slow_commit_seconds=1e-9))
    async with Engine.open("memory://", definitions=refusing, config=config) as engine:
        with engine.events(capacity=1) as full:
            task = await engine.run(TaskRequest(name="refusing"), timeout_seconds=20)
            assert full.dropped
        # The step's line and the task's were one decision.
        assert failures(engine, "log") == 1
        assert failures(engine, "events") == 0
        assert engine.health().journal.failures == 0
    assert (task.state, task.step("refuse").state) == ("error", "error")
    assert "a filter of the application" in capsys.readouterr().err


def test_a_line_is_that_of_its_caller(caplog):
    logger.warning("told %s", "here", extra={"fact": 7})
    (record,) = caplog.records
    assert (record.name, record.getMessage(), record.fact) == ("tasker", "told here", 7)
    assert (record.filename, record.funcName) == (
        "test_observers.py",
        "test_a_line_is_that_of_its_caller",
    )


async def test_what_streams_lose_is_counted_for_all_of_them():
    async with Engine.open("memory://", definitions=chain()) as engine:
        with engine.events("task.*", capacity=1) as slow:
            await engine.run(TaskRequest(name="chain"))
        with engine.events("task.*", capacity=2, when_full="drop_newest") as other:
            await engine.run(TaskRequest(name="chain"))
        value = engine.metrics.registry.get_sample_value("tasker_event_stream_dropped_total")
        assert value == slow.dropped + other.dropped == 3
