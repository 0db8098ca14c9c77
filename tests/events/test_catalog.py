"""The catalog is true: what is in it is published, and nothing else is."""

import contextlib
from functools import partial

import anyio
import msgspec
import pytest

from tasker import Backoff, EngineConfig, PermanentError, TaskRequest, define
from tasker.concurrency import Pressure
from tasker.errors import DefinitionError, EventNameError, StoreError, SubscriberError
from tasker.events import (
    BaseSubscriber,
    catalog,
    decode_event,
    event_info,
    events_of,
    search_events,
)
from tasker.events.former import FORMER
from tasker.events.known import CATEGORIES
from tasker.governor import PressureGauge
from tasker.telemetry.exporters.exporter import Exporter, ExporterError
from tasker.testing import testing_engine
from tests.events.support import chain, failing, until
from tests.health.troubled import Troubled


class Deaf(BaseSubscriber):
    pass


class Hears(BaseSubscriber):
    subscribe_to = ("task.completed",)

    async def handle_task_completed(self, event):
        pass


class Lines(Exporter):
    """Writes nothing."""

    formats = ("lines",)

    def export(self, data):
        return ""


async def of_the_engine(engine, store):
    """Have an engine tell of itself."""
    engine.metrics.export("json")
    with contextlib.suppress(ExporterError):
        engine.metrics.export("smoke")
    engine.metrics.exporters.register("lines", Lines())
    engine.metrics.exporters.unregister("lines")
    with contextlib.suppress(ExporterError):
        engine.metrics.exporters.register("lines", Lines)
    store.fails = True
    assert not (await engine.ready()).ready
    with contextlib.suppress(StoreError):
        await engine.submit(TaskRequest(name="chain"))
    store.fails = False
    await until(lambda: engine.health().healthy)


async def everything(monkeypatch):
    """Have an engine do all that there are events for; return what it told."""
    loads = [Pressure()]
    monkeypatch.setattr(PressureGauge, "measure", lambda gauge: loads[-1])
    held = define("held", custom_events=["order.held"], max_concurrent_steps=1)

    @held.step
    async def first(step):
        step.publish_custom_event("order.held")

    @held.step(depends_on="first")
    async def wait():
        await anyio.sleep_forever()

    @held.step(depends_on="first")
    async def has_no_room():
        pass

    refused = define("refused")

    @refused.step
    async def refuse():
        raise PermanentError("no")

    for number in range(5):
        refused.add_step(f"after-{number}", lambda: None, depends_on=["refuse"], skippable=True)

    wide = define("wide")
    for name in ("left", "middle", "right"):
        wide.add_step(name, anyio.sleep_forever)

    skipping = define("skipping")

    @skipping.step(skippable=True)
    async def skipped():
        pass

    store = Troubled()
    config = EngineConfig(
        shutdown_seconds=0.0,
        backoff=Backoff(delays=(3.0,)),
        min_concurrent_steps=1,
        concurrency_cache_duration=0.01,
    )
    definitions = [chain(), failing(1), failing(2, "lost", limit=2), held, refused, wide, skipping]
    async with testing_engine(definitions, config=config, store=store) as engine:
        run = engine.run
        await run(TaskRequest(name="chain"))
        await run(TaskRequest(name="failing"))
        await run(TaskRequest(name="lost"))
        await run(TaskRequest(name="skipping", bypass_steps=["skipped"]))
        one = await run(TaskRequest(name="refused"))
        await engine.retry(one.task_id)
        await engine.wait(one.task_id)
        await engine.resolve_task(one.task_id)
        two = await run(TaskRequest(name="refused"))
        await engine.resolve_step(two.task_id, "refuse")
        wide_id = await engine.submit(TaskRequest(name="wide"))
        await until(lambda: len(engine.running()) == 3)
        loads.append(Pressure(store=2.0))
        await until(lambda: engine.health().permits.limit == 1)
        loads.pop()
        await engine.cancel(wide_id)
        await of_the_engine(engine, store)
        for end in (engine.cancel, None):
            held_id = await engine.submit(TaskRequest(name="held"))
            await until(partial(is_held, engine, held_id))
            await engine.pause(held_id)
            await engine.resume(held_id)
            if end is not None:
                await end(held_id)
        delivery = engine.subscribe(Hears)
        engine.unsubscribe(delivery)
        with contextlib.suppress(SubscriberError):
            engine.subscribe(Deaf)
        engine.register(chain("late"))
        engine.registry.unregister("late", "default", "0.1.0")
        with contextlib.suppress(DefinitionError):
            engine.register(define("wrong name"))
        captured, known = engine.captured, engine.event_catalog.catalog()
    # The last task was handed back as the engine closed.
    return captured.events, known


def is_held(engine, task_id):
    return ("wait", task_id) in [(run.step, run.task_id) for run in engine.running()]


async def test_what_is_catalogued_is_published_and_nothing_else(monkeypatch):
    told, known = await everything(monkeypatch)
    names = {event.name for event in told}
    assert set(catalog()) - names == set(), "catalogued, and never told"
    assert names - set(known) == set(), "told, and not catalogued"
    # As JSON each is what the catalog says it is.
    for event in told:
        assert decode_event(msgspec.json.encode(event)) == event
        assert {field.name for field in known[event.name].fields} == set(event.__struct_fields__)


@pytest.mark.parametrize("name", catalog())
def test_an_example_decodes_and_every_field_is_explained(name):
    info = catalog()[name]
    event = decode_event(msgspec.json.encode(info.example))
    assert (event.name, info.example["name"]) == (name, name)
    assert info.description.endswith(".")
    assert [field.name for field in info.fields if not field.description] == []
    assert info.category in CATEGORIES


def test_looking_for_events():
    assert catalog()["step.failed"].category == "step"
    assert event_info("step.unheard_of") is None
    assert [info.name for info in events_of("task")][:2] == ["task.created", "task.start_requested"]
    assert "observability.step.backoff" in [info.name for info in search_events("WAITS before")]
    with pytest.raises(ValueError, match="they are task, step"):
        events_of("tasks")


@pytest.mark.parametrize(("name", "told"), FORMER.items())
def test_every_former_name_is_told_or_left_out_for_a_reason(name, told):
    now, why = told
    assert now is None or now in catalog()
    assert (now == name) == (name in catalog())
    assert bool(why) == (now != name)


def test_every_name_that_is_new_is_not_a_former_one():
    assert set(catalog()) - set(FORMER) == {
        *("task.created", "task.paused", "task.resumed"),
        *("observability.engine.health_changed", "observability.engine.ready_changed"),
        "observability.engine.limit_changed",
    }


async def test_listening_to_no_event_is_refused():
    async with testing_engine() as engine:
        with pytest.raises(EventNameError, match=r"did you mean 'task.completed'"):
            engine.events("task.complete")
        with pytest.raises(EventNameError, match=r"did you mean 'task.start_requested'"):
            engine.events("task.started")
        with pytest.raises(EventNameError, match=r"second name; did you mean 'task.completed'"):
            engine.events("workflow.task_completed")
        with pytest.raises(EventNameError, match="is no event"):
            engine.events("task.deep.*")
        engine.events("order.*", "order.placed", "*")


@pytest.mark.parametrize("data", [b'{"name":"task.unheard_of"}', b'{"name":"task.failed"}', b"[]"])
def test_what_is_no_event_is_not_decoded(data):
    with pytest.raises(msgspec.ValidationError):
        decode_event(data)
