"""API steps against a real server: requests, results, statuses, and failures of the way there."""

from email.utils import formatdate

import anyio
import httpx
import msgspec
import pytest

from tasker.errors import DefinitionError
from tasker.handlers.api import ApiStepHandler
from tests.handlers.http_server import Response, free_port, http_server
from tests.handlers.support import (
    NOW,
    FakeClock,
    attempt,
    bound_step,
    context_of,
    error_of,
    order_for,
    results_of,
    runner_for,
    state_of,
)

JSON = {"Content-Type": "application/json"}
API = "tasker.handlers.api:ApiStepHandler"


class Orders(ApiStepHandler):
    """As a user writes one."""

    async def process(self, task, sequence, step):
        return await self.connection.post("/orders", json={"user": task.context["user"]})


async def answered(response, handler=API, *, clock=None, config=None, **more):
    async with http_server(response) as server:
        config = {"url": server.url, **(config or {})}
        return await attempt(handler, config=config, clock=clock, **more)


# Requests and results.


async def test_a_configured_request_needs_no_subclass():
    def answers(request):
        return Response(200, {**JSON, "ETag": "v1", "X-Other": "x"}, b'{"id": 7}')

    async with http_server(answers) as server:
        config = {
            "type": "api",
            "url": f"{server.url}/v1/items?fixed=1",
            "params": {"page": 2},
            "headers": {"X-Key": "${KEY}"},
        }
        result = await attempt(API, config=config, environ={"KEY": "k-999"})
    assert results_of(result) == {
        "status": 200,
        "headers": {"content-type": "application/json", "etag": "v1"},
        "body": {"id": 7},
    }
    [request] = server.requests
    assert (request.method, request.target) == ("GET", "/v1/items?fixed=1&page=2")
    assert (request.headers["x-key"], request.headers["accept"]) == ("k-999", "application/json")
    assert "content-type" not in request.headers


async def test_a_configured_body_is_sent():
    async with http_server() as server:
        config = {"url": server.url, "method": "put", "json": {"a": [1]}}
        await attempt(API, config=config)
    [request] = server.requests
    assert (request.method, request.body) == ("PUT", b'{"a":[1]}')
    assert request.headers["content-type"] == "application/json"


async def test_a_subclass_sends_relative_requests():
    async with http_server(Response(201, JSON, b'"made"')) as server:
        result = await attempt(Orders, config={"url": f"{server.url}/v1"}, context={"user": 3})
    assert results_of(result)["body"] == "made"
    assert server.requests[0].target == "/v1/orders"
    assert server.requests[0].body == b'{"user":3}'


async def test_raw_bodies_are_json_and_forms_are_forms():
    class Sends(ApiStepHandler):
        async def process(self, task, sequence, step):
            await self.connection.post("/raw", content=b"{}")
            return await self.connection.post("/form", data={"a": "b"})

    async with http_server() as server:
        await attempt(Sends, config={"url": server.url})
    kinds = [request.headers["content-type"] for request in server.requests]
    assert kinds == ["application/json", "application/x-www-form-urlencoded"]


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/problem+json; charset=utf-8", b'{"a": 1}', {"a": 1}),
        ("application/json", b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ("text/plain; charset=latin-1", b"caf\xe9", "café"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/json", b"", None),
    ],
)
async def test_bodies_are_decoded_by_their_type(kind, body, expected):
    result = await answered(Response(200, {"Content-Type": kind}, body))
    assert results_of(result)["body"] == expected


async def test_more_headers_are_kept_when_named():
    response = Response(200, {"X-Rate-Left": "3", "X-Request-Id": "r1"})
    result = await answered(response, config={"result_headers": ["X-Rate-Left"]})
    assert results_of(result)["headers"] == {"x-rate-left": "3", "x-request-id": "r1"}


async def test_bytes_are_refused_with_what_to_do():
    error = error_of(await answered(Response(200, {"Content-Type": "image/png"}, b"\x89PNG")))
    assert error.permanent
    assert "4 bytes of image/png" in error.message
    assert "override process_results" in error.message


async def test_bytes_may_be_made_into_something_else():
    class Measures(ApiStepHandler):
        def process_results(self, step, output, initial_results):
            step.results = {"size": len(output.content)}

    response = Response(200, {"Content-Type": "image/png"}, b"\x89PNG")
    assert results_of(await answered(response, Measures)) == {"size": 4}


async def test_process_results_may_extend_the_default():
    class Extends(ApiStepHandler):
        def process_results(self, step, output, initial_results):
            super().process_results(step, output, initial_results)
            step.results["seen"] = True

    assert results_of(await answered(Response(200, JSON, b"1"), Extends)) == {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "body": 1,
        "seen": True,
    }


async def test_wrong_json_may_be_retried_and_is_quoted():
    error = error_of(await answered(Response(200, JSON, b"<html>Bad proxy")))
    assert not error.permanent
    assert "its body is not JSON" in error.message
    assert "<html>Bad proxy" in error.message


async def test_results_set_by_hand_need_no_response():
    class Sets(ApiStepHandler):
        async def process(self, task, sequence, step):
            response = await self.connection.get("/")
            step.results = {"only": response.status_code}

    assert results_of(await answered(Response(204), Sets)) == {"only": 204}


async def test_a_mapping_counts_as_a_response():
    class Maps(ApiStepHandler):
        async def process(self, task, sequence, step):
            status = task.context["status"]
            return {"status": status, "headers": {"Retry-After": "4"}, "body": {"a": 1}}

    config = {"url": "http://127.0.0.1:1"}
    result = await attempt(Maps, config=config, context={"status": 200})
    assert results_of(result)["body"] == {"a": 1}
    error = error_of(await attempt(Maps, config=config, context={"status": 429}))
    assert (error.permanent, error.retry_after) == (False, 4)


async def test_what_is_no_response_is_told():
    class Forgets(ApiStepHandler):
        async def process(self, task, sequence, step):
            return {"id": 1}

    error = error_of(await attempt(Forgets, config={"url": "http://127.0.0.1:1"}))
    assert error.permanent
    assert "returned dict; return the response" in error.message


# Statuses.

PERMANENT = [400, 401, 402, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 416, 417, 418]
PERMANENT += [422, 426, 428, 431, 451, 300, 301, 302, 307, 308]
RETRYABLE = [408, 409, 412, 421, 423, 424, 425, 429, 500, 501, 502, 503, 504, 599, 419, 499]


@pytest.mark.parametrize("status", [200, 201, 202, 226, 304])
async def test_successes(status):
    assert results_of(await answered(Response(status)))["status"] == status


async def test_every_failing_status_is_permanent_or_retried():
    def answers(request):
        return Response(int(request.target[1:]), JSON, b'{"why": "because"}')

    async with http_server(answers) as server:
        for status in (*PERMANENT, *RETRYABLE):
            error = error_of(await attempt(API, config={"url": f"{server.url}/{status}"}))
            assert error.permanent is (status in PERMANENT), status
            assert error.error_code == f"HTTP_{status}"
            assert f"/{status} answered {status}: " in error.message
            assert '({"why": "because"})' in error.message


async def test_a_redirect_is_not_followed_unless_asked():
    def answers(request):
        if request.target == "/new":
            return Response(200, JSON, b"1")
        return Response(302, {"Location": "/new"})

    error = error_of(await answered(answers))
    assert "a redirect, which is not followed: give the final URL" in error.message
    assert results_of(await answered(answers, config={"follow_redirects": True}))["body"] == 1


async def test_an_error_keeps_what_helps():
    response = Response(503, {**JSON, "X-Request-Id": "r9", "Set-Cookie": "c=1"}, b"x" * 5000)
    error = error_of(await answered(response, config={"params": {"q": "1"}, "method": "POST"}))
    context = context_of(error)
    assert context["url"].startswith("http://127.0.0.1:")
    assert "q=" not in context["url"]
    assert (context["method"], context["status"]) == ("POST", 503)
    assert context["headers"] == {"content-type": "application/json", "x-request-id": "r9"}
    assert context["body"] == "x" * 2048


async def test_raise_for_status_counts_as_the_status():
    class Raises(ApiStepHandler):
        async def process(self, task, sequence, step):
            response = await self.connection.get("/")
            response.raise_for_status()

    error = error_of(await answered(Response(422), Raises))
    assert (error.permanent, error.error_code) == (True, "HTTP_422")
    assert "test_api.py:" in "".join(error.backtrace)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (formatdate(NOW + 90, usegmt=True), 90),
        ("Tuesday, 14-Nov-23 22:14:00 GMT", 40),
        ("Tue Nov 14 22:14:00 2023", 40),
        (formatdate(NOW - 90, usegmt=True), 0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("9" * 400, 1e9),
        ("Fri, 31 Feb 2023 00:00:00 GMT", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_both_forms(status, header, seconds):
    error = error_of(await answered(Response(status, {"Retry-After": header}), clock=FakeClock()))
    assert error.retry_after == seconds
    assert not error.permanent


# The way there.


async def test_a_refused_connection_may_be_retried():
    url = f"http://127.0.0.1:{free_port()}/pay"
    error = error_of(await attempt(API, config={"url": url}))
    assert not error.permanent
    assert f"GET {url} failed: ConnectError" in error.message


async def test_a_timeout_may_be_retried():
    error = error_of(await answered(Response(hang=True), config={"timeout": 0.05}))
    assert not error.permanent
    assert "failed: ReadTimeout" in error.message


async def test_a_reset_connection_may_be_retried():
    error = error_of(await answered(Response(reset=True)))
    assert not error.permanent
    assert "failed: ReadError" in error.message


@pytest.mark.parametrize("url", ["ftp://files/x", "/relative", "http://h:port/"])
async def test_a_url_made_in_process_that_cannot_be_is_permanent(url):
    class Follows(ApiStepHandler):
        async def process(self, task, sequence, step):
            return await self.connection.get(task.context["url"])

    error = error_of(await attempt(Follows, context={"url": url}))
    assert error.permanent, error


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "url is missing"),
        ({"url": "/relative"}, "url needs http:// or https://"),
        ({"url": "http://[bad"}, "url is no valid URL"),
        ({"url": "http://a b/"}, "url is no valid URL"),
        ({"url": "http://h:port/"}, "url is no valid URL"),
        ({"url": "http://h", "timeout": "long"}, "timeout"),
        ({"url": "http://h", "timeout": 0}, "timeout is 0.0"),
        ({"url": "http://h", "retries": -1}, "retries is -1"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_when_bound(config, said):
    with pytest.raises(DefinitionError, match=said):
        bound_step(API, config=config)


def test_process_of_an_api_step_must_be_async():
    class Plain(ApiStepHandler):
        def process(self, task, sequence, step): ...

    with pytest.raises(DefinitionError, match="process must be async def"):
        bound_step(Plain, config={"url": "http://h"})


@pytest.mark.parametrize(("exponential", "waits"), [(True, [0.5, 1.0]), (False, [0.5, 0.5])])
async def test_transport_errors_are_retried_within_the_attempt(exponential, waits):
    breaks = iter([True, True, False])

    def answers(request):
        return Response(reset=True) if next(breaks) else Response(200, JSON, b"1")

    clock = FakeClock()
    config = {"retries": 2, "retry_delay": 0.5, "enable_exponential_backoff": exponential}
    result = await answered(answers, Orders, clock=clock, config=config, context={"user": 1})
    assert results_of(result)["body"] == 1
    assert clock.slept == waits


async def test_a_request_that_cannot_be_sent_is_not_retried():
    class Odd(ApiStepHandler):
        async def process(self, task, sequence, step):
            return await self.connection.get("ftp://files/x")

    clock = FakeClock()
    config = {"url": "http://127.0.0.1:1", "retries": 3}
    assert error_of(await attempt(Odd, clock=clock, config=config)).permanent
    assert clock.slept == []


async def test_statuses_are_not_retried_within_the_attempt():
    async with http_server(Response(503)) as server:
        error_of(await attempt(API, config={"url": server.url, "retries": 3}))
    assert len(server.requests) == 1


# Connections.


async def test_attempts_share_a_connection_which_is_closed_with_the_engine():
    clients = []

    class Notes(ApiStepHandler):
        async def process(self, task, sequence, step):
            clients.append(self.connection)
            return await self.connection.get("/")

    async with http_server() as server:
        bound = bound_step(Notes, config={"url": server.url})
        async with runner_for(bound) as runner:
            for number in (1, 2, 3):
                results_of(await runner.run(order_for(state_of(bound), "work", number)))
            assert not clients[0].is_closed
        assert server.connections == 1
    assert clients[0] is clients[2]
    assert clients[0].is_closed


async def test_a_cancelled_request_leaves_the_connections_usable():
    requests = []

    def answers(request):
        requests.append(request)
        return Response(hang=len(requests) == 1)

    async with http_server(answers) as server:
        bound = bound_step(API, config={"url": server.url})
        async with runner_for(bound) as runner:
            async with anyio.create_task_group() as group:
                group.start_soon(runner.run, order_for(state_of(bound), "work"))
                with anyio.fail_after(5):
                    while not requests:
                        await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
            results_of(await runner.run(order_for(state_of(bound), "work", 2)))


async def test_the_connection_may_be_made_otherwise():
    class Mocked(ApiStepHandler):
        def make_connection(self, options):
            mock = httpx.MockTransport(lambda request: httpx.Response(200, json=str(request.url)))
            return httpx.AsyncClient(**{**options, "transport": mock})

    result = await attempt(Mocked, config={"url": "https://far.test/a?b=1"})
    assert results_of(result)["body"] == "https://far.test/a?b=1"


async def test_an_api_step_runs_in_a_process():
    result = await answered(Response(200, JSON, b"1"), executor="process")
    assert results_of(result)["body"] == 1


# Secrets.


@pytest.mark.parametrize("length", [200, 2048])
@pytest.mark.parametrize("status", [200, 400])
async def test_a_body_is_masked_before_it_is_cut(length, status):
    body = b"x" * (length - 3) + b"k-99999"
    config = {"headers": {"X-Key": "${KEY}"}}
    result = await answered(Response(status, JSON, body), config=config, environ={"KEY": "k-99999"})
    assert b"k-9" not in msgspec.json.encode(error_of(result))


@pytest.mark.parametrize("executor", ["auto", "process"])
@pytest.mark.parametrize("failure", ["status", "transport", "json"])
async def test_errors_hold_no_secret(failure, executor):
    def answers(request):
        # A careless server says everything that it was sent.
        told = f"{request.headers['authorization']} {request.headers['x-key']} {request.target}"
        body = ("x" * 150 + told).encode()
        if failure == "transport":
            return Response(reset=True)
        return Response(400 if failure == "status" else 200, JSON, body)

    async with http_server(answers) as server:
        config = {
            "url": f"http://ann:${{PASS}}@127.0.0.1:{server.port}/${{TENANT}}",
            "headers": {"X-Key": "${KEY}"},
            "params": {"token": "${TOKEN}"},
        }
        environ = {"PASS": "p@ss/1", "TENANT": "acme", "KEY": "k-99999", "TOKEN": "t o&k"}
        environ["PASS"] = "pass-1234"
        result = await attempt(API, config=config, environ=environ, executor=executor)
    told = msgspec.json.encode(error_of(result)).decode()
    for secret in (*environ.values(), "ann:", "t+o%26k", "YW5uOnBhc3MtMTIzNA==", "k-999"):
        assert secret not in told, told
