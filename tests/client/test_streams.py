"""Following: nothing missed, nothing twice, whatever becomes of the connection."""

import json
import signal

import httpx
import msgspec
import pytest

from tasker import TaskRequest
from tasker.client import ClientConfig, Gap, TaskerClient, UnreachableServerError
from tasker.errors import InvalidRequestError, UnknownTaskError
from tasker.events.task import TaskPaused
from tasker.server.errors import AuthenticationError
from tests.cli.command import ROOT, read_until, running
from tests.client.scripted import Broken, Script, Waits, client_of, problem

RESET = httpx.ReadError("reset")


def stream(*parts, error=None):
    return httpx.Response(200, stream=Broken(*parts, error=error))


def change(seq, number=1, state="complete"):
    body = {"seq": seq, "at": "2026-03-01T00:00:00Z", "step": None, "from_status": None}
    body |= {"to_status": state, "attempt": None, "detail": {}}
    return f"id: {seq}-{number}\nevent: task\ndata: {json.dumps(body)}\n\n"


END = "event: end\ndata: {}\n\n"


async def seen(client, **options):
    async with client.changes("t", **options) as changes:
        found = [entry.seq async for entry in changes]
        assert [entry async for entry in changes] == []
        return found


async def test_it_goes_on_after_the_last_change_that_came_whole():
    clock = Waits()
    script = Script(
        stream("retry: 1500\n\n", change(1), ": still here\n\n", change(2)[:-10], error=RESET),
        problem(503, "SHUTTING_DOWN", Retry_After="3"),
        stream(change(2), change(3)),
        stream(END),
    )
    async with client_of(script, clock) as client:
        assert await seen(client, after_seq=0) == [1, 2, 3]
    sent = [request.headers.get("Last-Event-ID") for request in script.requests]
    assert sent == [None, "1-1", "1-1", "3-1"]
    assert {request.url.params["after"] for request in script.requests} == {"0"}
    assert clock.waited == [1.5, 3.0, 1.5]
    # Heartbeats come within it; a connection that is silent for longer is lost.
    assert {request.extensions["timeout"]["read"] for request in script.requests} == {60.0}


async def test_connections_that_bring_nothing_come_to_an_end():
    script = Script(stream(change(1)), *[stream("retry: 1\n\n") for _ in range(9)])
    async with client_of(script, retries=2) as client:
        with pytest.raises(UnreachableServerError, match="the stream ended"):
            await seen(client)
    assert len(script.requests) == 3


async def test_any_number_of_connections_that_bring_something_is_good():
    script = Script(*[stream(change(seq), error=RESET) for seq in range(1, 8)], stream(END))
    async with client_of(script, retries=2) as client:
        assert await seen(client) == list(range(1, 8))


async def test_a_gap_stands_where_events_may_be_missing():
    event = TaskPaused(
        event_id="e1",
        at=1.0,
        task_id="t",
        correlation_id=None,
        namespace="shop",
        task_name="work",
        version="1.0.0",
        by=None,
        reason=None,
    )
    told = f"id: e1\nevent: task.paused\ndata: {msgspec.json.encode(event).decode()}\n\n"
    gap = "event: gap\ndata: {}\n\n"
    script = Script(stream(), stream(told), stream(gap, told))
    found = []
    async with client_of(script) as client, client.events("task.*") as events:
        async for each in events:
            found.append(each.name)
            if len(found) == 4:
                break
    # A first connection without any event leaves nothing to go on after.
    assert found == ["gap", "task.paused", "gap", "task.paused"]
    assert script.requests[-1].headers["Last-Event-ID"] == "e1"


async def test_a_task_is_followed_over_a_restart_of_the_server(tmp_path, blocking_call_detector):
    blocking_call_detector.deactivate()
    gate = tmp_path / "gate"
    arguments = (
        *("serve", "--json", "--app", "tests.server.shop:every"),
        *("--store", f"sqlite:///{tmp_path / 'tasks.db'}"),
    )
    found = []
    with running(*arguments, "--port", 0, cwd=ROOT) as first:
        url = json.loads(read_until(first, "server.started").splitlines()[-1])["url"]
        async with TaskerClient(url, config=ClientConfig(retries=20)) as client:
            context = {"order": 7, "gate": str(gate)}
            request = TaskRequest(name="checkout", namespace="shop", context=context)
            task_id = await client.submit(request)
            async with client.changes(task_id) as changes:
                async for entry in changes:
                    found.append(entry)
                    if len(found) == 3:
                        first.send_signal(signal.SIGKILL)
                        first.wait(20)
                        port = httpx.URL(url).port
                        gate.touch()
                        with running(*arguments, "--port", port, cwd=ROOT) as second:
                            read_until(second, "server.started")
                            found += [each async for each in changes]
                            assert (await client.wait(task_id)).state == "complete"
                            assert await client.history(task_id) == found


async def test_events_of_all_tasks_from_now_on(server):
    async with TaskerClient(server.url) as client, client.events("task.completed") as events:
        task_id = await client.submit(TaskRequest(name="report", namespace="office"))
        async for event in events:
            assert not isinstance(event, Gap)
            if event.get("task_id") == task_id:
                assert event.name == "task.completed"
                break


async def test_a_stream_that_is_no_longer_allowed_is_not_asked_for_again():
    told = {"type": "x", "title": "x", "status": 401, "code": "AUTHENTICATION_FAILED"}
    told |= {"detail": "the token has expired", "message": "the token has expired"}
    script = Script(stream(change(1), f"event: refused\ndata: {json.dumps(told)}\n\n"))
    async with client_of(script) as client:
        with pytest.raises(AuthenticationError, match="expired"):
            await seen(client)
    assert len(script.requests) == 1


async def test_what_cannot_be_followed(server):
    async with TaskerClient(server.url) as client:
        with pytest.raises(UnknownTaskError):
            await seen(client)
        with pytest.raises(InvalidRequestError, match=r"task\.finished"):
            async with client.events("task.finished"):
                pass


async def test_a_wait_that_takes_too_long(server):
    async with TaskerClient(server.url) as client:
        task, gate = server.running_task()
        with pytest.raises(TimeoutError):
            await client.wait(task["task_id"], timeout_seconds=0.2)
        gate.touch()
        assert (await client.wait(task["task_id"], timeout_seconds=20)).state == "complete"


async def test_a_wait_asks_again_until_the_task_rests(server):
    task, gate = server.running_task()

    class Looks(Waits):
        async def sleep(self, seconds):
            await super().sleep(seconds)
            gate.touch()  # the server was asked once, and the task did not rest

    clock = Looks()
    async with TaskerClient(server.url, config=ClientConfig(wait_seconds=1), clock=clock) as client:
        assert (await client.wait(task["task_id"])).state == "complete"
    assert clock.waited
