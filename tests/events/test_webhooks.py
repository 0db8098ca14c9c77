"""Webhooks: what is posted, what becomes of what is not taken, and that no secret is told."""

import logging
from functools import partial

import anyio.to_thread
import httpx
import msgspec
import pytest

from tasker import Backoff, Engine, TaskRequest, WebhookSubscriber
from tasker.errors import DefinitionError, SubscriberError
from tasker.events import DeliveryPolicy, decode_event, new_secret, verify_webhook
from tasker.testing import testing_engine
from tests.events.support import chain, until
from tests.events.test_durable import found, from_decisions
from tests.handlers.http_server import Response, http_server

SECRET = new_secret()
SOON = DeliveryPolicy(
    backoff=Backoff(delays=(0.001,), exponent=0.0, max_seconds=0.001), max_attempts=3
)


def webhook(url, *, events=("task.completed",), **given):
    return WebhookSubscriber(
        **{"name": "billing", "url": url, "secrets": SECRET, "events": events, "policy": SOON}
        | given
    )


def event_of(request):
    return decode_event(msgspec.json.encode(msgspec.json.decode(request.body)["data"]))


async def test_events_are_posted_signed_and_in_order():
    async with http_server() as server, testing_engine(chain()) as engine:
        engine.subscribe(webhook(f"{server.url}/hooks?for=us", events=["task.*", "step.*"]))
        task = await engine.run(TaskRequest(name="chain"))
        wanted = from_decisions(
            each
            for each in engine.captured.of(task.task_id)
            if each.name.split(".")[0] in ("task", "step")
        )
        await until(lambda: len(server.requests) == len(wanted))
    for request in server.requests:
        verify_webhook(request.body, request.headers, SECRET)
        assert (request.method, request.target) == ("POST", "/hooks?for=us")
        assert request.headers["content-type"] == "application/json"
        body = msgspec.json.decode(request.body)
        assert body["type"] == body["data"]["name"]
        assert body["timestamp"].endswith("Z")
    assert [event_of(request) for request in server.requests] == wanted
    ids = [request.headers["webhook-id"] for request in server.requests]
    assert len(set(ids)) == len(ids)
    assert not any("." in each for each in ids)
    # Kept open, as far as one task at a time needs it.
    assert server.connections <= 2


@pytest.mark.parametrize(
    "trouble",
    [
        Response(status=500),
        Response(status=404),
        Response(status=302, headers={"location": "/elsewhere"}),
        Response(reset=True),
        Response(hang=True),
    ],
    ids=["500", "404", "redirect", "reset", "silence"],
)
async def test_what_is_not_taken_is_posted_again_with_the_same_id(trouble):
    answers = [trouble, Response(status=204)]
    async with (
        http_server(lambda request: answers.pop(0)) as server,
        testing_engine(chain()) as engine,
    ):
        delivery = engine.subscribe(webhook(server.url, timeout_seconds=0.2))
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: delivery.statistics().delivered)
        assert delivery.statistics().failed == 1
    first, second = server.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


async def test_it_waits_as_long_as_it_is_asked_to():
    answers = [Response(status=429, headers={"retry-after": "7"}), Response()]
    async with (
        http_server(lambda request: answers.pop(0)) as server,
        testing_engine(chain()) as engine,
    ):
        engine.subscribe(webhook(server.url, policy=DeliveryPolicy(), now=engine.clock.now))
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: len(server.requests) == 2)
    first, second = (int(each.headers["webhook-timestamp"]) for each in server.requests)
    assert second - first >= 7


async def test_what_is_never_taken_becomes_a_dead_letter():
    async with http_server(Response(status=500)) as server, testing_engine(chain()) as engine:
        engine.subscribe(webhook(server.url))
        await engine.run(TaskRequest(name="chain"))
        [letter] = await found(engine.subscriptions.dead_letters, bool)
        assert letter.error == f"RetryableError: {server.url} answered 500"
        server.answers = lambda request: Response()
        await engine.subscriptions.redeliver("billing")
        await until(lambda: len(server.requests) == 4)
    assert len({request.headers["webhook-id"] for request in server.requests}) == 1


async def test_410_suspends_the_subscription():
    async with http_server(Response(status=410)) as server, testing_engine(chain()) as engine:
        engine.subscribe(webhook(server.url))
        await engine.run(TaskRequest(name="chain"))
        [view] = await found(engine.subscriptions.all, lambda all: all[0].suspended)
    assert view.suspended == f"{server.url} answered 410: it takes no more webhooks"
    assert (view.waiting, len(server.requests)) == (1, 1)


async def test_an_endless_answer_is_not_read():
    async def endless(request):
        async def body():
            while True:
                yield b"x" * 65_536

        return httpx.Response(200, content=body())

    async with testing_engine(chain()) as engine:
        delivery = engine.subscribe(
            webhook("https://hooks.example.com", transport=httpx.MockTransport(endless))
        )
        await engine.run(TaskRequest(name="chain"))
        await until(lambda: delivery.statistics().delivered)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"url": None}, "give a url"),
        ({"url": "ftp://example.com"}, "begins with https"),
        ({"url": "https://"}, "begins with https"),
        ({"secrets": ()}, "give secrets"),
        ({"secrets": "hunter2hunter2"}, "begins with whsec_"),
        ({"timeout_seconds": -1}, "must be greater than 0"),
        ({"config": {"timeout_seconds": "long"}, "timeout_seconds": None}, "must be greater"),
        ({"events": ()}, "hears nothing"),
        ({"events": ["handler.registered"]}, "not in the store"),
    ],
)
async def test_what_is_refused(wrong, says):
    async with testing_engine(chain()) as engine:
        with pytest.raises(SubscriberError, match=says) as caught:
            engine.subscribe(webhook(**{"url": "https://hooks.example.com"} | wrong))
    assert "hunter2" not in str(caught.value)


YAML = """
subscriptions:
  billing:
    class: tasker:WebhookSubscriber
    events: [task.completed]
    max_attempts: 4
    concurrency: 2
    config:
      url: ${BILLING_URL}
      secrets: ["${BILLING_SECRET}"]
      timeout_seconds: 3
"""


async def test_from_a_file(tmp_path):
    file = tmp_path / "subscribers.yaml"
    file.write_text(YAML)
    async with http_server() as server:
        environ = {"BILLING_URL": server.url, "BILLING_SECRET": SECRET}
        opened = partial(
            Engine.open, "memory://", definitions=chain(), subscribers=str(file), environ=environ
        )
        async with await anyio.to_thread.run_sync(opened) as engine:
            await engine.run(TaskRequest(name="chain"))
            await until(lambda: server.requests)
            [view] = await engine.subscriptions.all()
    verify_webhook(server.requests[0].body, server.requests[0].headers, SECRET)
    assert (view.name, view.events) == ("billing", ("task.completed",))


def test_what_is_wrong_in_a_file_is_told_with_its_line(tmp_path):
    file = tmp_path / "subscribers.yaml"
    file.write_text(YAML.replace("4", "0").replace("task.completed", "step.before_handle"))
    environ = {"BILLING_URL": "https://hooks.example.com", "BILLING_SECRET": SECRET}
    with pytest.raises(DefinitionError) as caught:
        Engine.open("memory://", definitions=chain(), subscribers=str(file), environ=environ)
    text = str(caught.value)
    assert f"{file}:6" in text
    assert "max_attempts is 0" in text
    assert "not in the store" in text


async def test_no_secret_is_told(caplog):
    caplog.set_level(logging.DEBUG)

    def broken(request):
        raise httpx.ConnectError(f"cannot send {SECRET} there")

    subscriber = webhook(
        "https://user:hunter2@hooks.example.com/T0/token-in-path",
        transport=httpx.MockTransport(broken),
    )
    async with testing_engine(chain()) as engine:
        delivery = engine.subscribe(subscriber)
        await engine.run(TaskRequest(name="chain"))
        [letter] = await found(engine.subscriptions.dead_letters, bool)
        health = str(delivery.statistics())
    told = "\n".join(
        [letter.error, health, repr(subscriber), str(vars(subscriber)["config"]), caplog.text]
    )
    for secret in (SECRET, "hunter2", "token-in-path"):
        assert secret not in told
    assert "hooks.example.com" in letter.error
