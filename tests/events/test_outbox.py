"""What is recorded for durable subscriptions, and what is deleted again."""

from collections import Counter

import anyio

from tasker import EngineConfig, TaskRequest
from tasker.errors import RetryableError
from tasker.events import outbox
from tasker.stores import MemoryStore
from tasker.stores.outbox import SubscriptionRecord
from tasker.testing import ManualClock, testing_engine
from tests.events.support import chain, until
from tests.events.test_durable import Ledger, from_decisions


async def test_tasks_that_wait_in_the_store_are_told_too():
    ledger = Ledger()
    config = EngineConfig(max_resident_tasks=1, shutdown_seconds=0.0)
    async with testing_engine(chain(), config=config) as engine:
        engine.subscribe(ledger)
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(engine.run, TaskRequest(name="chain"))
        expected = from_decisions(engine.captured.events)
        await until(lambda: len(ledger.heard) >= len(expected))
    assert Counter(ledger.names())["task.created"] == 10
    assert Counter(each.event_id for each in ledger.heard) == Counter(
        each.event_id for each in expected
    )


async def test_a_fault_in_telling_is_not_the_tasks(monkeypatch, caplog):
    def broken(*given):
        raise ZeroDivisionError

    ledger = Ledger()
    monkeypatch.setattr(outbox, "derive", broken)
    async with testing_engine(chain()) as engine:
        engine.subscribe(ledger)
        task = await engine.run(TaskRequest(name="chain"))
        failed = engine.metrics.registry.get_sample_value(
            "tasker_telemetry_failures_total", {"part": "outbox"}
        )
    assert task.state == "complete"
    assert failed is not None
    assert failed >= 2  # at least its beginning and its end
    assert f"task {task.task_id}: its events could not be told" in caplog.text


async def test_what_all_are_done_with_is_deleted():
    clock, store, ledger = ManualClock(), MemoryStore(), Ledger()
    async with testing_engine(chain(), store=store, clock=clock) as engine:
        engine.subscribe(ledger)
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: "task.completed" in ledger.names())
        await clock.advance(20)
        last = store._outbox[-1].entry.position
        # Looked at when there is something new, and not by the clock.
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: store._outbox[0].entry.position > last)


async def test_what_nobody_delivers_is_kept_for_a_while(caplog):
    clock, store = ManualClock(), MemoryStore()
    await store.open()
    await store.put_subscription(
        SubscriptionRecord(name="forgotten", events=("*",), created_at=0.0)
    )
    config = EngineConfig(shutdown_seconds=0.0, outbox_retention_seconds=3600.0)
    async with testing_engine(chain(), store=store, clock=clock, config=config) as engine:
        await engine.run(TaskRequest(name="chain"))
        kept = len(store._outbox)
        await clock.advance(1800)
        await engine.run(TaskRequest(name="chain"))
        assert len(store._outbox) == 2 * kept
        await clock.advance(1801)
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: len(store._outbox) == 2 * kept)
    assert f"{kept} entries of the outbox were older than 3600 seconds" in caplog.text


async def test_a_subscriber_that_raises_for_ever_does_not_hold_up_the_end():
    ledger = Ledger(lambda event: RetryableError("away", retry_after=3600))
    with anyio.fail_after(20):
        async with testing_engine(chain(), clock=ManualClock()) as engine:
            delivery = engine.subscribe(ledger)
            await engine.run(TaskRequest(name="chain"))
            await until(lambda: delivery.statistics().failed)
