"""The stream of all tasks where the store keeps the events: whole over restarts."""

import json
from contextlib import asynccontextmanager

import pytest
import yaml

from tasker.server import ServerConfigError, SidecarConfig, TaskerApp
from tasker.server.feed import SUBSCRIPTION
from tasker.stores import MemoryStore
from tasker.testing import testing_engine
from tests.engine.support import one_step
from tests.server.inside import application, post_task
from tests.server.serving import REPORT, served
from tests.server.test_streams import follow, ids

KEPT = ("task.*", "step.*")


def completes(server):
    """Have a task run, and return what stops a stream at its end."""
    task_id = server.task(REPORT)["task_id"]
    return lambda event: (
        event["event"] == "task.completed" and json.loads(event["data"])["task_id"] == task_id
    )


def test_it_goes_on_after_the_server_was_killed(tmp_path):
    config = tmp_path / "server.yml"
    config.write_text(yaml.safe_dump({"stream_kept": list(KEPT)}))
    with served(tmp_path, "--config", config) as first:
        with first.client.stream("GET", "/events/stream") as answer:
            assert answer.status_code == 200
        # The first reader has come, and the store keeps from now on.
        begun = first.task(REPORT)["task_id"]
        running, gate = first.running_task()
        first.child.kill()
    with served(tmp_path, "--config", config) as second:
        second.task(REPORT)
        start = f"{begun}/1/0/task.created"
        gate.touch()
        second.get(f"/tasks/{running['task_id']}", headers={"Prefer": "wait=20"})
        seen = follow(second, "/events/stream", last=start, stop=completes(second))
        assert "gap" not in [event["event"] for event in seen]
        told = [json.loads(event["data"]) for event in seen if "id" in event]
        # What was decided before the end of the one server, after it, and by the other.
        for task_id in {each["task_id"] for each in told}:
            changes = second.get(f"/tasks/{task_id}/events").json()["events"]
            mine = [each["event_id"] for each in told if each["task_id"] == task_id]
            assert len(mine) == len(changes) - (task_id == begun)
            assert len(set(mine)) == len(mine)
        assert {running["task_id"], begun} < {each["task_id"] for each in told}
        # It goes on after any of them, and is the same again.
        again = follow(second, "/events/stream", last=ids(seen)[3], stop=completes(second))
        assert ids(again)[: len(ids(seen)) - 4] == ids(seen)[4:]
        [gap] = follow(second, "/events/stream", last="x/1/0/y", stop=lambda event: True)
        assert gap["event"] == "gap"


@asynccontextmanager
async def read(names, *, kept=KEPT, store=None, **more):
    """Have a reader of an application's events; gives it with the engine and the rest."""
    config = SidecarConfig(stream_kept=kept, **more)
    async with (
        application(store=store or MemoryStore(), config=config) as (client, engine, app),
        app.sidecar.feed.read(names, None) as (reader, _),
    ):
        yield reader, client, engine, app.sidecar.feed


async def told_until(reader, name, times):
    found = []
    while times:
        event = await reader.next(20)
        assert event is not None
        found.append(event)
        times -= event.name == name
    return found


async def test_events_are_told_in_the_order_in_which_the_store_has_them():
    store = MemoryStore()
    async with read(("*",), store=store) as (reader, client, _, feed):
        await client.post("/tasks/bulk", json={"tasks": [{"name": "work"}] * 20})
        told = await told_until(reader, "task.completed", 20)
        # What no append tells of is told too, as it comes.
        seen = sum(each.name == "step.before_handle" for each in told)
        told += await told_until(reader, "step.before_handle", 20 - seen)
        entries = await store.read_outbox(SUBSCRIPTION, after=0, limit=1_000)
        recorded = [
            each["event_id"] for entry in entries for each in json.loads(bytes(entry.events))
        ]
        assert [each.event_id for each in told if feed.resumable(each)] == recorded
        assert len(recorded) == 20 * 5
        others = {each.name for each in told if not feed.resumable(each)}
        assert others.isdisjoint(("task.created", "step.completed"))


async def test_what_the_store_has_is_told_though_a_word_of_it_was_lost():
    async with read(("task.*",)) as (reader, client, engine, feed):
        engine.unsubscribe(feed._hears["all"])
        await engine.wait((await post_task(client)).json()["task_id"])
        await feed.look()
        told = await told_until(reader, "task.completed", 1)
        assert [each.name for each in told] == [
            "task.created",
            "task.start_requested",
            "task.completed",
        ]


async def test_the_store_keeps_so_many_and_no_more():
    async with read(("task.*",), stream_history=20) as (reader, client, engine, _):
        for _ in range(30):
            await post_task(client)
        await told_until(reader, "task.completed", 30)
        [subscription] = await engine.subscriptions.all()
        # A task makes five events, and some are let go of together.
        assert 5 <= subscription.waiting <= 25
        assert subscription.owner is None


async def test_events_that_are_kept_no_more_are_told_all_the_same():
    async with read(("task.*",)) as (reader, client, engine, feed):
        await engine.subscriptions.remove(SUBSCRIPTION)
        await post_task(client)
        told = await told_until(reader, "task.completed", 1)
        assert told[0].name == "task.created"
        assert not any(feed.resumable(event) for event in told)


async def test_nothing_is_kept_unless_it_is_asked_for():
    async with read(("task.*",), kept=()) as (reader, client, engine, feed):
        await post_task(client)
        told = await told_until(reader, "task.completed", 1)
        assert all(feed.resumable(event) for event in told)
        assert await engine.subscriptions.all() == []


@pytest.mark.parametrize(
    ("name", "told"),
    [("task.exploded", r"task\.exploded"), ("step.before_handle", "is told by a process")],
)
async def test_what_cannot_be_kept_stops_the_start(name, told):
    async with testing_engine(one_step()) as engine:
        with pytest.raises(ServerConfigError, match=told):
            TaskerApp(engine, SidecarConfig(stream_kept=(name,)))
