"""Subscribers: what they hear, how it reaches them, and that nobody waits for them."""

import asyncio
import threading
import time

import anyio
import pytest

from tasker import Engine, EngineConfig, TaskRequest, define
from tasker.errors import SubscriberError
from tasker.events import BaseSubscriber
from tasker.events.subscriber import method_name
from tasker.testing import testing_engine
from tests.events.support import chain, failing, told, until

QUICK = EngineConfig(shutdown_seconds=0.0, subscriber_drain_seconds=0.05)


class Recorder(BaseSubscriber):
    subscribe_to = ("task.completed", "step.*", "order.*")

    def __init__(self, **given):
        super().__init__(**given)
        self.heard = []
        self.threads = set()

    async def handle_task_completed(self, event):
        self.heard.append(("own", event.name))

    def handle_step_completed(self, event):
        self.threads.add(threading.current_thread())
        self.heard.append(("thread", event.name))

    def handle_event(self, event):
        self.heard.append(("any", event.name))


async def delivered(engine):
    await until(lambda: all(each.waiting == 0 for each in engine.health().subscribers))


async def test_each_event_goes_to_the_method_of_its_name():
    recorder = Recorder()
    async with testing_engine(chain()) as engine:
        engine.subscribe(recorder)
        await engine.run(TaskRequest(name="chain"))
        await delivered(engine)
    assert recorder.heard == [
        ("any", "step.execution_requested"),
        ("any", "step.before_handle"),
        ("thread", "step.completed"),
        ("any", "step.execution_requested"),
        ("any", "step.before_handle"),
        ("thread", "step.completed"),
        ("own", "task.completed"),
    ]
    assert threading.main_thread() not in recorder.threads


@pytest.mark.parametrize(
    ("event", "method"),
    [
        ("task.completed", "handle_task_completed"),
        (
            "observability.step.max_retries_reached",
            "handle_observability_step_max_retries_reached",
        ),
        ("order.wasPlaced-late", "handle_order_was_placed_late"),
    ],
)
def test_the_names_of_methods(event, method):
    assert method_name(event) == method


async def test_a_filter_is_asked_of_every_event():
    class Large(Recorder):
        def should_process_event(self, event):
            return event.get("attempt") == 2

    large = Large()
    async with testing_engine(failing(1)) as engine:
        engine.subscribe(large)
        await engine.run(TaskRequest(name="failing"))
        await delivered(engine)
    assert [name for _, name in large.heard] == [
        *["step.execution_requested", "step.before_handle", "step.completed"]
    ]


async def test_a_function_a_pattern_and_a_stream():
    heard = []
    async with testing_engine(chain()) as engine:

        @engine.on("task.*")
        async def on_task(event):
            heard.append(event)

        @engine.on("step.completed", name="in a thread")
        def on_step(event):
            heard.append(event)

        with engine.events("task.completed", "workflow.*") as events:
            await engine.run(TaskRequest(name="chain"))
            streamed = []
            async for event in events:
                streamed.append(event.name)
                if event.name == "workflow.task_finalization_completed":
                    break
        await delivered(engine)
        names = [each.name for each in engine.health().subscribers]
    assert names == ["on_task", "in a thread"]
    assert streamed.count("task.completed") == 1
    assert {name.partition(".")[0] for name in streamed} == {"task", "workflow"}
    assert sorted(told(heard)) == [
        *["step.completed first#1", "step.completed second#1"],
        *["task.completed", "task.created", "task.start_requested"],
    ]


async def test_what_cannot_be_heard_is_refused():
    class Silent(BaseSubscriber):
        subscribe_to = ("task.completed",)

    class Mistaken(Silent):
        subscribe_to = ("task.complete",)

        def handle_event(self, event):
            pass

    class Nothing(BaseSubscriber):
        subscribe_to = ()

    async with testing_engine() as engine:
        with pytest.raises(SubscriberError, match=r"write a method handle_task_completed\(self"):
            engine.subscribe(Silent)
        with pytest.raises(SubscriberError, match=r"'Mistaken'.*did you mean 'task.completed'"):
            engine.subscribe(Mistaken)
        with pytest.raises(SubscriberError, match="hears nothing"):
            engine.subscribe(Nothing)
        with pytest.raises(SubscriberError, match="when_full is 'wait'"):
            engine.subscribe(Recorder, when_full="wait")  # type: ignore[arg-type]
        with pytest.raises(SubscriberError, match="did you mean"):
            engine.on("task.complete")(print)
        assert engine.health().subscribers == ()


async def test_two_of_a_class_share_nothing():
    async with testing_engine(chain()) as engine:
        one, two = Recorder(), Recorder(events=["workflow.*"])
        engine.subscribe(one)
        engine.subscribe(two)
        assert [each.name for each in engine.health().subscribers] == ["Recorder", "Recorder-2"]
        await engine.run(TaskRequest(name="chain"))
        await delivered(engine)
    assert "workflow" not in {name.partition(".")[0] for _, name in one.heard}
    assert "workflow" in {name.partition(".")[0] for _, name in two.heard}


async def test_one_that_sleeps_one_that_raises_and_one_that_blocks_delay_nobody(caplog):
    released = threading.Event()
    heard = []
    try:
        async with testing_engine(chain(), config=QUICK) as engine:

            @engine.on("*", capacity=3)
            async def sleeps(event):
                await anyio.sleep_forever()

            @engine.on("*")
            async def raises(event):
                raise ValueError(f"no {event.name}")

            @engine.on("*", capacity=3, when_full="drop_newest")
            def blocks(event):
                released.wait(30)

            @engine.on("*")
            async def well(event):
                heard.append(event)

            with anyio.fail_after(10):
                for _ in range(5):
                    assert (await engine.run(TaskRequest(name="chain"))).state == "complete"
            await until(lambda: len(heard) >= 5 * 18)
            by_name = {each.name: each for each in engine.health().subscribers}
    finally:
        released.set()
    all_of_them = by_name["well"].received
    assert by_name["well"].delivered == all_of_them
    # One is being handled, three wait, the rest was dropped: every one is counted.
    for name in ("sleeps", "blocks"):
        stuck = by_name[name]
        assert (stuck.waiting, stuck.dropped) == (4, stuck.received - 4)
    raising = by_name["raises"]
    assert (raising.delivered, raising.failed) == (0, raising.received)
    assert str(raising.last_error).startswith("ValueError: no ")
    assert caplog.text.count("is too slow") == 2
    # Not once for each of the ninety failures.
    assert caplog.text.count("subscriber-raises failed on") < 10


async def test_the_oldest_or_the_newest_is_dropped():
    kept: dict[str, list[str]] = {}
    gate = anyio.Event()
    async with testing_engine(chain()) as engine:

        @engine.on("task.*", "step.completed", capacity=2)
        async def oldest(event):
            await gate.wait()
            kept.setdefault("oldest", []).append(event.name)

        @engine.on("task.*", "step.completed", capacity=2, when_full="drop_newest")
        async def newest(event):
            await gate.wait()
            kept.setdefault("newest", []).append(event.name)

        await engine.run(TaskRequest(name="chain"))
        gate.set()
        await delivered(engine)
        dropped = {each.name: each.dropped for each in engine.health().subscribers}
    assert dropped == {"oldest": 2, "newest": 2}
    assert kept["oldest"][-2:] == ["step.completed", "task.completed"]
    assert kept["newest"][-1] != "task.completed"
    assert len(kept["oldest"]) == len(kept["newest"]) == 3


async def test_block_holds_the_task_back_and_nothing_is_lost():
    gate, heard = anyio.Event(), []
    many = define("many")
    for number in range(20):
        parent = f"s{number - 1}" if number else ()
        many.add_step(f"s{number}", nothing, depends_on=parent)
    async with testing_engine([many, chain()]) as engine:

        @engine.on("step.completed", capacity=2, when_full="block")
        async def slow(event):
            await gate.wait()
            heard.append(event.get("step"))

        task_id = await engine.submit(TaskRequest(name="many"))
        await until(lambda: engine.health().subscribers[0].holding)
        await anyio.wait_all_tasks_blocked()
        held = await engine.get(task_id)
        stuck = engine.health().subscribers[0]
        # One is being handled, two wait, and one is over: what the task told at once.
        assert (stuck.waiting, stuck.dropped, held.status.completed_steps) == (4, 0, 4)
        gate.set()
        task = await engine.wait(task_id, timeout_seconds=20)
        await delivered(engine)
        assert engine.health().subscribers[0].holding == 0
    assert task.state == "complete"
    assert heard == [f"s{number}" for number in range(20)]


async def nothing():
    pass


async def test_a_task_that_is_held_back_delays_no_other_nor_the_close():
    heard = []
    async with testing_engine(chain(), config=QUICK) as engine:

        @engine.on("step.completed", capacity=1, when_full="block")
        async def stuck(event):
            await anyio.sleep_forever()

        @engine.on("task.completed")
        async def well(event):
            heard.append(event)

        for _ in range(3):
            await engine.submit(TaskRequest(name="chain"))
        await until(lambda: engine.health().subscribers[0].holding)
        with anyio.fail_after(10):
            await engine.count_tasks()
            await engine.submit(TaskRequest(name="chain"))
    # Every one of them was handed back to the store.
    assert engine.health().tasks.resident == 0


async def test_subscribers_are_in_the_tree_and_drained_at_the_end():
    heard = []
    async with testing_engine(chain()) as engine:

        @engine.on("task.completed")
        async def late(event):
            await anyio.sleep(0.02)
            heard.append(event.name)

        await anyio.wait_all_tasks_blocked()
        branch = {each.name: each for each in engine.describe().children}["subscribers"]
        [child] = branch.children
        assert (child.name, child.kind, child.state) == ("subscriber-late", "Delivery", "running")
        assert (child.mailbox and child.mailbox.capacity) == 1_000
        for _ in range(3):
            await engine.run(TaskRequest(name="chain"))
    assert heard == ["task.completed"] * 3


async def test_the_drain_is_bounded_and_what_is_left_is_told(caplog):
    async with testing_engine(chain(), config=QUICK) as engine:

        @engine.on("task.*")
        async def stuck(event):
            await anyio.sleep_forever()

        await engine.run(TaskRequest(name="chain"))
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert "subscriber-stuck ended with 2 events undelivered" in caplog.text


async def test_one_that_raises_a_cancellation_of_its_own_goes_on():
    heard = []
    async with testing_engine(chain()) as engine:

        @engine.on("task.*")
        async def odd(event):
            heard.append(event.name)
            raise asyncio.CancelledError

        await engine.run(TaskRequest(name="chain"))
        await delivered(engine)
        [stuck] = engine.health().subscribers
    assert heard == ["task.created", "task.start_requested", "task.completed"]
    assert stuck.failed == 3


async def test_one_that_left_hears_no_more():
    recorder = Recorder()
    async with testing_engine(chain()) as engine:
        delivery = engine.subscribe(recorder)
        engine.unsubscribe(delivery)
        engine.unsubscribe(delivery)
        await engine.run(TaskRequest(name="chain"))
        assert engine.health().subscribers == ()
        names = engine.captured.names(None, "subscriber.*")
    assert recorder.heard == []
    assert names == ["subscriber.registered", "subscriber.unregistered"]


async def test_subscribers_given_to_open_hear_what_is_taken_up(store_url):
    recorder = Recorder()
    url = store_url
    async with Engine.open(url, definitions=chain(), work=False) as engine:
        await engine.submit(TaskRequest(name="chain"))
    async with Engine.open(url, definitions=chain(), subscribers=recorder) as engine:
        await until(lambda: ("own", "task.completed") in recorder.heard)


async def test_events_cost_nothing_while_nobody_listens(monkeypatch):
    def refuse(*given, **more):
        raise AssertionError("an event was made for nobody")

    monkeypatch.setattr("tasker.events.bus.derive", refuse)
    monkeypatch.setattr("tasker.events.bus.task_created", refuse)
    monkeypatch.setattr("tasker.handlers.runner.Handling", refuse)
    async with Engine.open("memory://", definitions=chain()) as engine:
        assert (await engine.run(TaskRequest(name="chain"))).state == "complete"


async def test_only_what_somebody_listens_to_is_made(monkeypatch):
    from tasker.events import derive

    made = []
    real = derive._Telling._tell

    def counting(self, kind, number, facts):
        made.append(kind.__name__)
        return real(self, kind, number, facts)

    monkeypatch.setattr(derive._Telling, "_tell", counting)
    async with Engine.open("memory://", definitions=chain()) as engine:
        with engine.events("task.completed"):
            await engine.run(TaskRequest(name="chain"))
    assert made == ["TaskCompleted"]


async def test_every_submit_is_told_once_whether_there_is_room_or_not():
    config = EngineConfig(max_resident_tasks=1, shutdown_seconds=0.0)
    async with testing_engine(chain(), config=config) as engine:
        ids = [await engine.submit(TaskRequest(name="chain")) for _ in range(10)]
        for task_id in ids:
            await engine.wait(task_id)
        for task_id in ids:
            names = engine.captured.names(task_id, "task.*")
            assert names == ["task.created", "task.start_requested", "task.completed"]
