"""What the engine tells of itself: each change once, from the part that made it."""

import threading
from typing import Any

import anyio
import pytest

from tasker import EngineConfig, PermanentError, RetryableError, TaskRequest, define
from tasker.analysis import AnalysisConfig, SeverityThresholds
from tasker.concurrency import Pressure
from tasker.errors import StoreError
from tasker.governor import PressureGauge
from tasker.health import HealthConfig
from tasker.telemetry.exporters.exporter import Exporter, ExporterError
from tasker.testing import testing_engine
from tasker.testing.engine import CapturingEngine
from tests.engine.support import Gate, one_step, request
from tests.events.support import until
from tests.health.troubled import Troubled

SECRET = "hunter2-in-an-option"
PLUGIN_CHANGES = ("registered", "validation_failed", "unregistered")
CALM, CRITICAL = Pressure(), Pressure(store=2.0)


class Careless(Exporter):
    """Says more than it should."""

    formats = ("careless",)

    def export(self, data, *, api_token=""):
        raise OSError(f"no answer for api_token={api_token}")


def of(engine: CapturingEngine, *names: str) -> list[Any]:
    return [event for event in engine.captured.events if event.name in names]


def holding_up(definition, failing, dependents=5, name="root"):
    """Add a step that fails, and others that depend on it."""
    definition.add_step(name, failing, retry_limit=2)
    for number in range(dependents):
        definition.add_step(f"after-{name}-{number}", lambda: None, depends_on=[name])
    return definition


async def test_a_limit_that_moves_is_told_each_time(monkeypatch):
    now = {"pressure": CRITICAL}
    monkeypatch.setattr(PressureGauge, "measure", lambda gauge: now["pressure"])
    gate = Gate()
    config = EngineConfig(
        max_concurrent_steps=8,
        min_concurrent_steps=2,
        concurrency_cache_duration=0.01,
        shutdown_seconds=0.0,
    )
    async with testing_engine(gate.definition(), config=config) as engine:
        for n in range(8):
            await engine.submit(request(context={"n": n}))
        await until(lambda: engine.health().permits.limit == 2)
        now["pressure"] = CALM
        await until(lambda: engine.health().permits.limit == 8)
        changes = of(engine, "observability.engine.limit_changed")
        value = engine.metrics.registry.get_sample_value
        counted = [
            value("tasker_permits_limit_changes_total", {"direction": direction})
            for direction in ("down", "up")
        ]
        gate.open()
    assert changes[0].before == 8
    assert [event.before for event in changes[1:]] == [event.after for event in changes[:-1]]
    assert changes[-1].after == 8
    lowered = [event for event in changes if event.after < event.before]
    assert [len(lowered), len(changes) - len(lowered)] == counted
    assert (lowered[0].pressure, lowered[0].loads["store"]) == ("critical", 2.0)


async def test_a_store_that_fails_and_recovers_is_told_twice():
    store = Troubled()
    config = EngineConfig(health=HealthConfig(readiness_timeout_seconds=0.1), shutdown_seconds=0.0)
    async with testing_engine(one_step(), store=store, config=config) as engine:
        assert (await engine.ready()).ready
        store.fails = True
        with pytest.raises(StoreError):
            await engine.submit(request())
        for _ in range(3):
            assert not (await engine.ready()).ready
        store.fails = False
        await until(lambda: engine.health().healthy)
        for _ in range(3):
            assert (await engine.ready()).ready
        health = of(engine, "observability.engine.health_changed")
        ready = of(engine, "observability.engine.ready_changed")
    assert [event.healthy for event in health] == [False, True]
    assert "no more disk" in health[0].trouble
    assert health[1].trouble is None
    assert [(event.ready, event.failed_checks) for event in ready] == [
        (False, ("store", "journal")),
        (True, ()),
    ]
    assert ready[1].message == "ready"


async def test_every_export_is_told_with_how_it_ended():
    async with testing_engine(one_step()) as engine:
        exporters = engine.metrics.exporters
        exporters.register("careless", Careless())
        with pytest.raises(ExporterError):
            exporters.register("careless", Careless())
        done = engine.metrics.export("json", pretty=True)
        # From a thread, as where an exporter writes to a network.
        thread = threading.Thread(
            target=lambda: engine.metrics.export("careless", api_token=SECRET)
        )
        thread.start()
        await anyio.to_thread.run_sync(thread.join)
        with pytest.raises(ExporterError):
            engine.metrics.export("smoke")
        exporters.unregister("careless")
        await until(lambda: "plugin.unregistered" in engine.captured.names())
        await until(lambda: engine.captured.names().count("tasker.telemetry.export_failed") == 2)
        exports = of(
            engine,
            *(f"tasker.telemetry.export_{end}" for end in ("requested", "completed", "failed")),
        )
        plugins = of(engine, *(f"plugin.{what}" for what in PLUGIN_CHANGES))
    ends: dict[tuple[str, str], list[str]] = {}
    for event in exports:
        ends.setdefault((event.export_id, event.format), []).append(event.name.rpartition("_")[2])
    assert ends == {
        ("export-1", "json"): ["requested", "completed"],
        ("export-2", "careless"): ["requested", "failed"],
        ("export-3", "smoke"): ["requested", "failed"],
    }
    [completed] = [event for event in exports if event.name.endswith("completed")]
    assert (completed.exporter, completed.metrics_count) == ("json", done.metrics_count)
    assert [event.options for event in exports if event.get("options")] == [
        {"pretty": True},
        {"api_token": "[FILTERED]"},
    ]
    assert SECRET not in repr(exports)
    assert [event.name.partition(".")[2] for event in plugins] == [*PLUGIN_CHANGES]
    assert "registered already" in plugins[1].error


async def test_a_bottleneck_is_told_at_each_failure_that_makes_one():
    async def fails(step):
        if step.attempt == 1:
            raise RetryableError("the bank is away", retry_after=5)
        raise PermanentError("the bank is gone")

    async with testing_engine(holding_up(define("held"), fails)) as engine:
        task = await engine.run(TaskRequest(name="held"))
        events = of(engine, "task.bottleneck_detected")
        failures = of(engine, "step.failed")
    assert task.state == "error"
    assert [(event.step, event.attempts) for event in events] == [("root", 1), ("root", 2)]
    assert [event.at for event in events] == [event.at for event in failures]
    assert len({event.event_id for event in events}) == 2
    assert events[1].downstream_steps_count == events[1].blocked_downstream_count == 5
    assert events[1].bottleneck_type == "Permanent Failure"
    assert {event.severity for event in events} <= {"High", "Critical"}


async def test_a_bottleneck_is_told_by_the_weights_of_the_configuration():
    async def fails():
        raise PermanentError("no")

    lenient = AnalysisConfig(
        severity_thresholds=SeverityThresholds(critical=9_000, high=8_000, medium=7_000)
    )
    for analysis, expected in ((AnalysisConfig(), 1), (lenient, 0)):
        config = EngineConfig(analysis=analysis, shutdown_seconds=0.0)
        async with testing_engine(holding_up(define("held"), fails), config=config) as engine:
            await engine.run(TaskRequest(name="held"))
            assert len(of(engine, "task.bottleneck_detected")) == expected


async def test_a_failure_that_holds_up_nothing_is_no_bottleneck():
    async def fails():
        raise PermanentError("no")

    async with testing_engine(holding_up(define("held"), fails, dependents=0)) as engine:
        await engine.run(TaskRequest(name="held"))
        assert of(engine, "task.bottleneck_detected") == []


async def test_one_that_was_told_is_not_told_again_with_the_next():
    async def fails():
        raise PermanentError("no")

    async def fails_later(step):
        raise RetryableError("again", retry_after=5)

    definition = holding_up(holding_up(define("held"), fails), fails_later, name="other")
    async with testing_engine(definition) as engine:
        await engine.run(TaskRequest(name="held"))
        events = of(engine, "task.bottleneck_detected")
    assert sorted((event.step, event.attempts) for event in events) == [
        ("other", 1),
        ("other", 2),
        ("root", 1),
    ]
