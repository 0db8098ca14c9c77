"""What a scrape gets: clean, complete, and only while it is asked for."""

import threading

import anyio
import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from tasker import Engine, EngineConfig
from tasker.telemetry import TelemetryConfig
from tasker.telemetry.metrics.catalog import INSTRUMENTS
from tests.engine.support import QUICK, Gate, one_step, request, until
from tests.metrics.promtool import promtool, require_promtool
from tests.metrics.work import definition, run_some, seeded


async def text_of_work():
    config = EngineConfig(backoff=QUICK.backoff, shutdown_seconds=0.0)
    async with Engine.open(
        "memory://", definitions=[definition(), definition("1.1.0")], config=config
    ) as engine:
        await run_some(engine, seeded(5), 20)
        return engine.metrics.render().body.decode()


async def test_promtool_has_nothing_against_it():
    require_promtool()
    text = await text_of_work()
    assert await anyio.to_thread.run_sync(lambda: promtool("check", "metrics", text=text)) == ""
    wrong = text.replace("tasker_tasks_started_total", "tasker_tasksStarted")
    assert await anyio.to_thread.run_sync(lambda: promtool("check", "metrics", text=wrong)) != ""


async def test_every_metric_of_the_catalog_is_there_and_no_other():
    families = {family.name: family for family in parse(await text_of_work())}
    named = {each.name.removesuffix("_total"): each for each in INSTRUMENTS}
    assert set(families) == set(named)
    for name, each in named.items():
        family = families[name]
        assert (family.type, family.documentation) == (each.kind, each.help)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(each.labels), name


async def test_the_format_is_what_the_scraper_asks_for():
    async with Engine.open("memory://", definitions=one_step(), config=QUICK) as engine:
        await engine.run(request())
        plain = engine.metrics.render()
        assert plain.content_type.startswith("text/plain; version=")
        asked = engine.metrics.render("application/openmetrics-text; version=1.0.0")
        assert asked.content_type.startswith("application/openmetrics-text")
        assert len(list(parse_openmetrics(asked.body.decode()))) == len(INSTRUMENTS)


async def test_it_stands_beside_the_metrics_of_an_application():
    registry = CollectorRegistry()
    Counter("shop_orders", "Orders.", registry=registry).inc()
    async with Engine.open("memory://", definitions=one_step(), config=QUICK) as engine:
        registry.register(engine.metrics.collector)
        await engine.run(request())
        text = generate_latest(registry).decode()
        assert "shop_orders_total 1.0" in text
        assert "tasker_tasks_completed_total{" in text
        async with Engine.open("memory://", config=QUICK) as other:
            with pytest.raises(ValueError, match="Duplicated"):
                registry.register(other.metrics.collector)
            assert other.metrics.registry is not engine.metrics.registry


async def test_gauges_are_of_the_moment():
    gate = Gate()
    async with Engine.open("memory://", definitions=gate.definition(), config=QUICK) as engine:

        def read():
            wanted = ("tasker_permits_in_use", "tasker_supervisors_live", "tasker_journal_healthy")
            return [engine.metrics.registry.get_sample_value(name) for name in wanted]

        assert read() == [0, 0, 1]
        task_id = await engine.submit(request(context={"n": 1}))
        await gate.until(entered=1)
        assert read() == [1, 1, 1]
        gate.open()
        await engine.wait(task_id)
        await until(lambda: read() == [0, 0, 1])


async def test_commits_and_appends_agree_with_the_journal():
    async with Engine.open("memory://", definitions=one_step(), config=QUICK) as engine:
        for _ in range(5):
            await engine.run(request())
        value = engine.metrics.registry.get_sample_value
        journal = engine.health().journal
        assert value("tasker_journal_commits_total") == journal.commits
        assert value("tasker_journal_commit_seconds_count") == journal.commits
        assert value("tasker_journal_commit_appends_sum") == journal.appends
        assert value("tasker_journal_appends_total") == journal.appends


async def test_another_thread_may_scrape_while_it_works():
    failures = []
    config = EngineConfig(backoff=QUICK.backoff, shutdown_seconds=0.0)
    async with Engine.open(
        "memory://", definitions=[definition(), definition("1.1.0")], config=config
    ) as engine:
        done = threading.Event()

        def scrape():
            try:
                while not done.is_set():
                    engine.metrics.render()
            except Exception as error:
                failures.append(error)

        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, scrape)
            try:
                await run_some(engine, seeded(6), 40)
            finally:
                done.set()
    assert failures == []


async def test_switched_off_it_tells_nothing():
    config = EngineConfig(telemetry=TelemetryConfig(metrics_enabled=False), shutdown_seconds=0.0)
    async with Engine.open("memory://", definitions=one_step(), config=config) as engine:
        await engine.run(request())
        assert not engine.metrics.enabled
        assert engine.metrics.render().body == b""
        assert engine.metrics.snapshot().metrics == ()
        with pytest.raises(RuntimeError, match="metrics_enabled=True"):
            _ = engine.metrics.collector


def test_buckets_can_be_chosen_and_have_to_rise():
    assert TelemetryConfig(metrics_buckets=(0.1, 1.0)).metrics_buckets == (0.1, 1.0)
    for wrong in ((), (1.0, 0.1), (1.0, 1.0)):
        with pytest.raises(ValueError, match="metrics_buckets"):
            TelemetryConfig(metrics_buckets=wrong)


async def test_what_a_subscriber_loses_is_counted_by_its_name():
    gate = Gate()
    async with Engine.open("memory://", definitions=one_step(), config=QUICK) as engine:

        @engine.on("task.*", capacity=1, when_full="drop_newest")
        async def audit(event):
            await gate.pass_through()

        for _ in range(3):
            await engine.run(request())
        (stuck,) = engine.health().subscribers
        assert stuck.dropped > 0
        value = engine.metrics.registry.get_sample_value
        named = {"subscriber": stuck.name}
        assert value("tasker_subscriber_dropped_total", named) == stuck.dropped
        gate.open()
