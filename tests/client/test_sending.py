"""Which requests are sent again, after how long, and what is told in the end."""

import json
import subprocess
import sys

import httpx
import pytest

from tasker import TaskRequest
from tasker.client import (
    ClientClosedError,
    ClientConfig,
    ClientConfigError,
    ServerAnswerError,
    TaskerClient,
    UnreachableServerError,
)
from tasker.errors import DuplicateTaskError, InvalidRequestError, NoAnswerError, StoreError
from tasker.server import AuthenticationError, AuthorizationError
from tasker.server.errors import OverloadedError
from tests.client.scripted import URL, Script, Waits, client_of, problem

LIVE = httpx.Response(200, json={"alive": True, "version": "1", "at": 1.0})
UNSENT = httpx.ConnectError("refused")
LOST = httpx.ReadError("reset")
WORK = TaskRequest(name="work")


def created(status=201, task_id="t", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"task_id": task_id}, headers=named)


@pytest.mark.parametrize(
    "trouble",
    [
        UNSENT,
        LOST,
        httpx.ReadTimeout("slow"),
        httpx.DecodingError("no gzip"),
        httpx.Response(502),
        problem(503, "STORE_UNAVAILABLE"),
        problem(429, "TOO_MANY_REQUESTS"),
    ],
)
async def test_what_reads_is_asked_again(trouble):
    script = Script(trouble, LIVE)
    async with client_of(script) as client:
        assert (await client.live()).alive
    assert len(script.requests) == 2


@pytest.mark.parametrize("trouble", [UNSENT, problem(429, "TOO_MANY_REQUESTS", Retry_After="0")])
async def test_an_operation_is_asked_again_when_nothing_was_done(trouble):
    script = Script(trouble, httpx.Response(200, json={"status": "cancelled"}))
    async with client_of(script) as client:
        assert await client.cancel("t") == "cancelled"


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (LOST, UnreachableServerError),
        (problem(503, "STORE_UNAVAILABLE"), StoreError),
        (problem(504, "NO_ANSWER"), NoAnswerError),
    ],
)
async def test_an_operation_that_may_be_done_is_left_at_that(trouble, kind):
    script = Script(trouble)
    async with client_of(script) as client:
        with pytest.raises(kind):
            await client.cancel("t")


async def test_waits_grow_and_are_spread_and_end():
    clock, script = Waits(), Script(*[UNSENT] * 6)
    async with client_of(script, clock, first_retry_seconds=1.0, most_retry_seconds=4.0) as client:
        with pytest.raises(UnreachableServerError, match="asked 6 times: refused") as caught:
            await client.live()
    assert caught.value.tries == 6
    for waited, whole in zip(clock.waited, [1.0, 2.0, 4.0, 4.0, 4.0], strict=True):
        assert whole / 2 <= waited <= whole


async def test_retry_after_is_heeded():
    clock = Waits()
    date = "Fri, 31 Dec 2100 23:59:59 GMT"
    script = Script(
        problem(429, "TOO_MANY_REQUESTS", Retry_After="7"),
        problem(503, "STORE_UNAVAILABLE", Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"),
        problem(429, "TOO_MANY_REQUESTS", Retry_After=date),
    )
    async with client_of(script, clock) as client:
        with pytest.raises(OverloadedError):
            await client.live()
    assert clock.waited == [7.0, 0.0]


async def test_too_much_is_told_with_when_to_ask_again():
    script = Script(problem(429, "TOO_MANY_REQUESTS", "full", Retry_After="31"))
    async with client_of(script) as client:
        with pytest.raises(OverloadedError, match="full") as caught:
            await client.submit(WORK)
    assert caught.value.retry_after == 31


def bodies(script):
    return [json.loads(request.content) for request in script.requests]


async def test_a_task_is_asked_for_again_under_the_same_key():
    script = Script(LOST, problem(503, "SHUTTING_DOWN"), created(200, Idempotency_Replayed="true"))
    async with client_of(script) as client:
        assert await _submitted(client, script) == "t"
    keys = {body["idempotency_key"] for body in bodies(script)}
    assert len(script.requests) == 3
    assert len(keys) == 1
    assert len(keys.pop()) == 36


async def test_a_key_of_the_callers_that_is_taken_is_told():
    request = TaskRequest(name="work", idempotency_key="k")
    script = Script(created(200, Idempotency_Replayed="true"))
    async with client_of(script) as client:
        with pytest.raises(DuplicateTaskError) as caught:
            await client.submit(request)
    assert (caught.value.task_id, caught.value.identity) == ("t", "k")


async def test_a_key_that_an_earlier_try_took_is_ours():
    request = TaskRequest(name="work", idempotency_key="k")
    script = Script(LOST, created(200, Idempotency_Replayed="true"))
    async with client_of(script) as client:
        assert await _submitted(client, script, request) == "t"


async def test_without_keys_a_task_that_may_be_there_is_not_asked_for_again():
    script = Script(LOST)
    async with client_of(script, generate_keys=False) as client:
        with pytest.raises(UnreachableServerError):
            await client.submit(WORK)
    assert "idempotency_key" not in {k for k, v in bodies(script)[0].items() if v is not None}


async def _submitted(client, script, request=WORK):
    return (await client._submitting.create(request)).json()["task_id"]


async def test_a_server_takes_no_other_time_than_its_own():
    from datetime import UTC, datetime

    async with client_of(Script()) as client:
        with pytest.raises(InvalidRequestError, match="requested_at"):
            await client.submit(TaskRequest(name="work", requested_at=datetime.now(UTC)))


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (problem(401, "AUTHENTICATION_FAILED", "no token"), AuthenticationError, "no token"),
        (problem(403, "AUTHORIZATION_FAILED", "not you"), AuthorizationError, "not you"),
        (problem(500, "INTERNAL_ERROR", "its log says why"), ServerAnswerError, "its log says why"),
        (problem(404, "NOT_FOUND", "no such path"), ServerAnswerError, "answered 404"),
        (httpx.Response(404, text="<html>"), ServerAnswerError, "does the URL end with its prefix"),
        (httpx.Response(302, headers={"Location": "/"}), ServerAnswerError, "no API of Tasker"),
        (httpx.Response(200, text="<html>"), ServerAnswerError, "of another version"),
        (httpx.Response(200, json={"alive": 1}), ServerAnswerError, "of another version"),
    ],
)
async def test_other_answers(answer, kind, said):
    async with client_of(Script(answer)) as client:
        with pytest.raises(kind, match=said):
            await client.live()


async def test_the_token_goes_with_every_request_and_into_no_error():
    script = Script(LIVE, LOST)
    client = TaskerClient(
        environ={"TASKER_SERVER": URL, "TASKER_TOKEN": "tsk_secret"},
        config=ClientConfig(retries=0),
        transport=httpx.MockTransport(script),
    )
    async with client:
        await client.live()
        with pytest.raises(UnreachableServerError) as caught:
            await client.live()
    assert [each.headers["Authorization"] for each in script.requests] == ["Bearer tsk_secret"] * 2
    assert "tsk_secret" not in str(vars(caught.value))


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        (None, None, "set TASKER_SERVER"),
        ("localhost:8080", None, "needs http"),
        ("ftp://host", None, "needs http"),
        ("http://ann:pw@host/tasker", None, "TASKER_TOKEN"),
        ("http://[::1", None, "is no URL"),
        (URL, "two words", "the token has spaces"),
        (URL, "line\nbreak", "the token has spaces"),
    ],
)
def test_what_cannot_be_is_told_at_once(url, token, said):
    with pytest.raises(ClientConfigError, match=said) as caught:
        TaskerClient(url, token=token, environ={})
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("setting", [{"retries": -1}, {"timeout_seconds": 0}])
def test_a_setting_that_cannot_be(setting):
    with pytest.raises(ClientConfigError, match=next(iter(setting))):
        ClientConfig(**setting)


async def test_a_client_that_is_not_open():
    client = client_of(Script())
    with pytest.raises(ClientClosedError, match="async with"):
        await client.live()


def test_it_needs_no_server_framework():
    code = "import sys, tasker.client.client; print({'litestar', 'uvicorn'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"
