"""Durable subscriptions: every event at least once, in order per task, whatever happens."""

import threading
import time
from collections import Counter

import anyio
import pytest
from msgspec import Raw

from tasker import (
    Backoff,
    BaseSubscriber,
    Engine,
    EngineConfig,
    PermanentError,
    RetryableError,
    TaskRequest,
    define,
)
from tasker.errors import StoreUnavailableError, SubscriberError, SubscriptionGoneError
from tasker.events.policy import DeliveryPolicy
from tasker.stores import MemoryStore
from tasker.stores.outbox import SubscriptionRecord
from tasker.testing import JumpClock, ManualClock, testing_engine
from tasker.testing.clock import START
from tests.events.support import chain, failing, told, until

QUICK = EngineConfig(shutdown_seconds=0.0, subscriber_drain_seconds=0.05)
SOON = Backoff(delays=(0.01,), exponent=0.0, max_seconds=0.05)


class Ledger(BaseSubscriber):
    """Keeps what it was given, and raises what it is told to."""

    subscribe_to = ("*",)
    durable = True
    policy = DeliveryPolicy(backoff=SOON, max_attempts=3)

    def __init__(self, raises=lambda event: None, **given):
        super().__init__(**given)
        self.heard = []
        self.raises = raises

    async def handle_event(self, event):
        error = self.raises(event)
        if error is not None:
            raise error
        self.heard.append(event)

    def names(self, task_id=None):
        return [each.name for each in self.heard if task_id in (None, each.task_id)]


def later(days):
    """Return a clock that begins some days later, so that ids differ."""
    return JumpClock(START + days * 86_400)


def from_decisions(events):
    """Leave out what a process tells of what it sees."""
    seen = ("step.before_handle", "observability.task.handle", "observability.step.handle")
    own = ("handler", "subscriber")
    return [each for each in events if each.name not in seen and each.name.split(".")[0] not in own]


async def found(read, enough):
    """Return what a read of the store gives once it is enough."""
    with anyio.fail_after(20):
        while not enough(answer := await read()):  # noqa: ASYNC110
            await anyio.sleep(0.002)
    return answer


@pytest.mark.parametrize(
    "definition", [chain(), failing(1), failing(2, limit=2)], ids=["happy", "retried", "exhausted"]
)
async def test_it_hears_what_is_told_here_in_the_same_order_and_form(definition):
    ledger = Ledger()
    async with testing_engine(definition) as engine:
        engine.subscribe(ledger)
        task = await engine.run(TaskRequest(name=definition.load().definition.name))
        expected = from_decisions(engine.captured.of(task.task_id))
        await until(lambda: len(ledger.heard) >= len(expected))
    assert ledger.heard == expected


async def test_what_was_not_delivered_is_delivered_by_the_next_engine():
    store, away = MemoryStore(), Ledger(lambda event: RetryableError("away", retry_after=3600))
    async with testing_engine(chain(), store=store, clock=ManualClock()) as engine:
        engine.subscribe(away)
        task = await engine.run(TaskRequest(name="chain"))
        expected = from_decisions(engine.captured.of(task.task_id))
    back = Ledger()
    async with testing_engine(chain(), store=store, clock=later(1)) as engine:
        engine.subscribe(back)
        await until(lambda: len(back.heard) >= len(expected))
        await engine.run(TaskRequest(name="chain"))
    assert away.heard == []
    assert back.heard[: len(expected)] == expected
    again = Ledger()
    async with testing_engine(chain(), store=store, clock=later(2)) as engine:
        engine.subscribe(again)
        await engine.run(TaskRequest(name="chain"))
    # An engine that is left says how far it came: nothing is told twice.
    ids = Counter(each.event_id for each in back.heard + again.heard)
    assert set(ids.values()) == {1}
    assert {each.task_id for each in again.heard}.isdisjoint(each.task_id for each in back.heard)


async def test_a_subscription_begins_when_it_is_made():
    store, ledger = MemoryStore(), Ledger(events=["task.completed"])
    ledger.events = ("task.completed",)
    async with testing_engine(chain(), store=store) as engine:
        await engine.run(TaskRequest(name="chain"))
    assert await _entries(store) == []
    async with testing_engine(chain(), store=store, clock=later(1)) as engine:
        engine.subscribe(ledger)
        task = await engine.run(TaskRequest(name="chain"))
        await until(lambda: ledger.heard)
    assert [(each.name, each.task_id) for each in ledger.heard] == [
        ("task.completed", task.task_id)
    ]


async def _entries(store):
    await store.open()
    found = await store.read_outbox("anybody", after=0, limit=100)
    await store.close()
    return found


async def test_only_what_is_wanted_is_recorded():
    store = MemoryStore()
    engine = Engine.open(store, definitions=chain())

    @engine.on("task.completed", "task.failed", durable=True)
    async def ledger(event):
        raise SubscriptionGoneError("not now")

    async with engine:
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: engine.health().subscribers[0].waiting)
    [entry] = await _entries(store)
    assert b"task.completed" in bytes(entry.events)


async def test_custom_events_come_too():
    definition = define("order", custom_events=["order.placed"])

    @definition.step
    async def place(step):
        step.publish_custom_event("order.placed", {"total": 12})

    ledger = Ledger()
    ledger.events = ("order.*",)
    async with testing_engine(definition) as engine:
        engine.subscribe(ledger)
        await engine.run(TaskRequest(name="order"))
        await until(lambda: ledger.heard)
    [event] = ledger.heard
    assert (event.name, event.payload, event.step) == ("order.placed", {"total": 12}, "place")


async def test_an_event_that_fails_holds_back_its_own_task_alone():
    first: list[str] = []

    def stuck(event):
        first.append(event.task_id)
        if event.task_id == first[0]:
            return RetryableError("not this one", retry_after=3600)
        return None

    ledger = Ledger(stuck)
    ledger.policy = DeliveryPolicy(concurrency=1)
    async with testing_engine(chain(), clock=ManualClock()) as engine:
        engine.subscribe(ledger)
        held = await engine.run(TaskRequest(name="chain"))
        others = [await engine.run(TaskRequest(name="chain")) for _ in range(3)]
        for task in others:
            expected = told(from_decisions(engine.captured.of(task.task_id)))
            await until(lambda: len(ledger.names(task.task_id)) >= len(expected))  # noqa: B023
            of_task = [each for each in ledger.heard if each.task_id == task.task_id]
            assert told(of_task) == expected
        assert ledger.names(held.task_id) == []


async def test_an_event_that_always_fails_becomes_a_dead_letter_and_can_be_sent_again():
    bad = True

    def refuses(event):
        return ValueError("poison") if bad and event.name == "step.completed" else None

    ledger = Ledger(refuses)
    async with testing_engine(chain()) as engine:
        delivery = engine.subscribe(ledger)
        task = await engine.run(TaskRequest(name="chain"))
        expected = from_decisions(engine.captured.of(task.task_id))
        await until(lambda: len(ledger.heard) == len(expected) - 2)
        await until(lambda: delivery.statistics().dead_lettered == 2)
        # Recorded with the cursor, which is written after it.
        letters = await found(engine.subscriptions.dead_letters, lambda found: len(found) == 2)
        assert {letter.attempts for letter in letters} == {3}
        assert {letter.error for letter in letters} == {"ValueError: poison"}
        assert {letter.event["name"] for letter in letters} == {"step.completed"}
        bad = False
        one, other = (letter.event_id for letter in letters)
        assert await engine.subscriptions.redeliver("Ledger", [one]) == 1
        await until(lambda: ledger.heard[-1].event_id == one)
        assert await engine.subscriptions.redeliver("Ledger") == 1
        await until(lambda: ledger.heard[-1].event_id == other)
        assert await engine.subscriptions.dead_letters() == []


async def test_a_permanent_error_is_not_tried_again():
    ledger = Ledger(lambda event: PermanentError("no"))
    ledger.events = ("task.completed",)
    async with testing_engine(chain()) as engine:
        delivery = engine.subscribe(ledger)
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: delivery.statistics().dead_lettered)
        assert delivery.statistics().failed == 1


async def test_an_event_that_cannot_be_read_becomes_a_dead_letter():
    store, ledger = MemoryStore(), Ledger()
    await store.open()
    await store.put_subscription(SubscriptionRecord(name="Ledger", events=("*",), created_at=0.0))
    store._send("t1", Raw(b'[{"name":"task.renamed","event_id":"t1/1/0/task.renamed"}]'), START)
    async with testing_engine(chain(), store=store) as engine:
        delivery = engine.subscribe(ledger)
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: "task.completed" in ledger.names())
        assert delivery.statistics().dead_lettered == 1


async def test_whoever_is_gone_is_left_alone_until_it_is_resumed():
    gone = True
    ledger = Ledger(lambda event: SubscriptionGoneError("moved away") if gone else None)
    async with testing_engine(chain(), clock=ManualClock()) as engine:
        engine.subscribe(ledger)
        task = await engine.run(TaskRequest(name="chain"))
        [view] = await found(engine.subscriptions.all, lambda found: found[0].suspended)
        assert (view.suspended, view.waiting > 0, view.dead_letters) == ("moved away", True, 0)
        gone = False
        await engine.subscriptions.resume("Ledger")
        expected = from_decisions(engine.captured.of(task.task_id))
        await until(lambda: len(ledger.heard) == len(expected))
    assert ledger.heard == expected


async def test_a_slow_one_delays_no_task_and_a_blocking_one_no_loop():
    release, threads = threading.Event(), set()

    class Blocking(BaseSubscriber):
        subscribe_to = ("*",)
        durable = True

        def handle_event(self, event):
            threads.add(threading.current_thread())
            release.wait(10)

    class Slow(Blocking):
        async def handle_event(self, event):
            await anyio.sleep_forever()

    async with testing_engine(chain(), config=QUICK) as engine:
        engine.subscribe(Blocking)
        engine.subscribe(Slow)
        await until(lambda: all(each.durable for each in engine.health().subscribers))
        begun = time.monotonic()
        for _ in range(20):
            await engine.run(TaskRequest(name="chain"))
        assert time.monotonic() - begun < 5
        await until(lambda: len(threads) > 1)
        assert threading.main_thread() not in threads
        release.set()


async def test_the_window_bounds_what_is_in_memory():
    ledger = Ledger()
    ledger.policy = DeliveryPolicy(window=5, concurrency=1)
    gate = anyio.Event()

    async def slowly(event):
        await gate.wait()
        ledger.heard.append(event)

    ledger.handle_event = slowly  # type: ignore[method-assign]
    async with testing_engine(chain()) as engine:
        delivery = engine.subscribe(ledger)
        for _ in range(10):
            await engine.run(TaskRequest(name="chain"))
        await until(lambda: delivery.statistics().waiting)
        assert delivery.statistics().waiting <= 5
        gate.set()
        expected = from_decisions(engine.captured.events)
        await until(lambda: len(ledger.heard) == len(expected))
    assert Counter(each.event_id for each in ledger.heard) == Counter(
        each.event_id for each in expected
    )


class FlakyStore(MemoryStore):
    """Fails when it is asked for the outbox, as long as it is told to."""

    broken = False

    async def read_outbox(self, name, *, after, limit):
        self._fail()
        return await super().read_outbox(name, after=after, limit=limit)

    async def advance(self, name, epoch, cursor, *, dead=()):
        self._fail()
        return await super().advance(name, epoch, cursor, dead=dead)

    def _fail(self):
        if self.broken:
            raise StoreUnavailableError(url=self.url, operation="read", cause="away", remedy="wait")


async def test_a_store_that_fails_is_waited_for():
    store, ledger, clock = FlakyStore(), Ledger(), ManualClock()
    async with testing_engine(chain(), store=store, clock=clock) as engine:
        delivery = engine.subscribe(ledger)
        await until(lambda: delivery.statistics().durable)
        store.broken = True
        task = await engine.run(TaskRequest(name="chain"))
        await clock.advance(30)
        store.broken = False
        await clock.advance(30)
        expected = from_decisions(engine.captured.of(task.task_id))
        await until(lambda: len(ledger.heard) >= len(expected))
    assert {each.event_id for each in ledger.heard} == {each.event_id for each in expected}


async def test_an_engine_that_only_submits_records_for_the_subscriptions_of_others(store_url):
    url, ledger = store_url, Ledger()
    ledger.events = ("task.created",)
    async with Engine.open(url, definitions=chain()) as engine:
        engine.subscribe(ledger)
        await engine.run(TaskRequest(name="chain"))
    async with Engine.open(url, definitions=chain(), work=False) as engine:
        task_id = await engine.submit(TaskRequest(name="chain"))
    async with Engine.open(url, definitions=chain()) as engine:
        engine.subscribe(ledger)
        await until(lambda: task_id in {each.task_id for each in ledger.heard})
    assert Counter(ledger.names()) == {"task.created": 2}


async def test_two_engines_do_not_both_deliver(store_url):
    url = store_url
    one, two = Ledger(), Ledger()
    async with (
        Engine.open(url, definitions=chain(), subscribers=one) as engine,
        Engine.open(url, definitions=chain(), subscribers=two, work=False),
    ):
        tasks = [await engine.run(TaskRequest(name="chain")) for _ in range(30)]
        await found(engine.subscriptions.all, lambda found: not found[0].waiting)
    heard = Counter(each.event_id for each in one.heard + two.heard)
    assert set(heard.values()) == {1}
    assert len({each.task_id for each in one.heard + two.heard}) == len(tasks)


async def test_another_owner_takes_over_when_the_lease_ends():
    clock, store = ManualClock(), MemoryStore()
    await store.open()
    await store.put_subscription(SubscriptionRecord(name="Ledger", events=("*",), created_at=0.0))
    now = clock.now()
    await store.lease_subscription("Ledger", "somebody", now=now, until=now + 15)
    ledger = Ledger()
    async with testing_engine(chain(), store=store, clock=clock) as engine:
        engine.subscribe(ledger)
        await engine.run(TaskRequest(name="chain"))
        await clock.advance(4)
        assert ledger.heard == []
        await clock.advance(15)
        await until(lambda: "task.completed" in ledger.names())


async def test_whoever_loses_the_lease_stops():
    clock, store = ManualClock(), MemoryStore()
    ledger = Ledger(lambda event: RetryableError("away", retry_after=8))
    ledger.policy = DeliveryPolicy()
    async with testing_engine(chain(), store=store, clock=clock) as engine:
        delivery = engine.subscribe(ledger)
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: delivery.statistics().failed)
        now = clock.now()
        taken = await store.lease_subscription("Ledger", "other", now=now + 99, until=now + 120)
        assert taken is not None
        failed = delivery.statistics().failed
        await clock.advance(60)
        assert delivery.statistics().failed == failed
        assert delivery.statistics().waiting == 0
        await clock.advance(120)
        # The other one has let go of it.
        assert delivery.statistics().failed > failed


async def test_what_is_refused():
    async with testing_engine(chain()) as engine:
        with pytest.raises(SubscriberError, match="not in the store"):
            engine.on("step.before_handle", durable=True)(lambda event: None)
        with pytest.raises(SubscriberError, match="not in the store"):
            engine.on("handler.*", durable=True)(lambda event: None)
        engine.subscribe(Ledger)
        with pytest.raises(SubscriberError, match="another subscriber has this name"):
            engine.subscribe(Ledger)
        engine.subscribe(Ledger, durable=False)


async def test_a_subscription_can_be_removed():
    store, ledger = MemoryStore(), Ledger()
    async with testing_engine(chain(), store=store) as engine:
        engine.subscribe(ledger)
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: "task.completed" in ledger.names())
        await engine.subscriptions.remove("Ledger")
        assert await engine.subscriptions.all() == []
        count = len(store._outbox)
        await engine.run(TaskRequest(name="chain"))
        assert len(store._outbox) == count


async def test_dead_letters_are_counted_in_the_metrics():
    ledger = Ledger(lambda event: PermanentError("no"), events=["task.completed"])
    ledger.events = ("task.completed",)
    async with testing_engine(chain()) as engine:
        delivery = engine.subscribe(ledger)
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: delivery.statistics().dead_lettered)
        told = engine.metrics.render().body.decode()
    assert 'tasker_subscription_dead_letters_total{subscription="Ledger"} 1.0' in told
