"""Requests of API steps: a span each, and its context in the headers of the request."""

import httpx
import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from tasker import define
from tasker.handlers.api import ApiStepHandler
from tasker.telemetry.http_spans import TracedTransport
from tasker.telemetry.span_ids import trace_id_of
from tasker.telemetry.tracer import traceable
from tasker.testing import testing_engine
from tests.engine.support import request
from tests.handlers.http_server import Response, free_port, http_server
from tests.telemetry.traced import Spans, ids, linked, parent, tag

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Call(ApiStepHandler):
    """Sends what its configuration says."""


class Names(ApiStepHandler):
    """Sends a trace context of its own."""

    async def process(self, task, sequence, step):
        return await self.connection.get("/", headers={"traceparent": PARENT})


class CallInProcess(ApiStepHandler):
    """Runs in a worker process."""


def calls(url, handler=Call, *, executor=None, **config):
    made = define("work")
    options = {} if executor is None else {"executor": executor}
    made.add_step(
        "call",
        handler,
        retry_limit=1,
        handler_config={"url": url, "type": "api", **config},
        **options,
    )
    return made


def sent(span):
    """Return the traceparent that stands for a span."""
    trace_id, span_id = ids(span)
    return f"00-{trace_id:032x}-{span_id:016x}-01"


async def test_a_request_is_a_span_below_its_attempt_and_the_server_sees_it():
    spans = Spans()
    async with (
        http_server(Response(body=b"{}")) as server,
        testing_engine(calls(f"{server.url}/pay?n=1"), tracer_provider=spans.provider) as engine,
    ):
        task = await engine.run(request(traceparent=PARENT))
    assert task.state == "complete"
    span = spans.one("GET")
    assert parent(span) == ids(spans.one("step call"))
    assert server.requests[0].headers["traceparent"] == sent(span)
    assert span.kind is SpanKind.CLIENT
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "url.full": f"{server.url}/pay?n=1",
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "http.response.status_code": 200,
    }
    assert span.status.status_code is StatusCode.UNSET


async def test_a_status_that_fails_and_a_server_that_is_away_are_told():
    spans, port = Spans(), free_port()
    async with http_server(Response(status=503)) as server:
        away = calls(f"http://127.0.0.1:{port}/")
        for made in (calls(server.url), away):
            async with testing_engine(made, tracer_provider=spans.provider) as engine:
                assert (await engine.run(request())).state == "error"
    answered, alone = spans.named("GET")
    assert (tag(answered, "error.type"), tag(answered, "http.response.status_code")) == ("503", 503)
    assert tag(alone, "error.type") == "ConnectError"
    for span in (answered, alone):
        assert span.status.status_code is StatusCode.ERROR


async def test_what_is_sent_again_is_a_span_again():
    spans, answers = Spans(), iter([Response(reset=True), Response(body=b"{}")])
    async with (
        http_server(lambda _: next(answers)) as server,
        testing_engine(
            calls(server.url, retries=1, retry_delay=0), tracer_provider=spans.provider
        ) as engine,
    ):
        assert (await engine.run(request())).state == "complete"
    first, second = spans.named("GET")
    assert parent(first) == parent(second) == ids(spans.one("step call"))
    assert [each.headers["traceparent"] for each in server.requests] == [sent(first), sent(second)]


async def test_a_redirect_is_a_span_of_its_own():
    spans = Spans()

    def answer(asked):
        there = asked.target == "/there"
        return Response() if there else Response(status=302, headers={"Location": "/there"})

    async with (
        http_server(answer) as server,
        testing_engine(
            calls(server.url, follow_redirects=True), tracer_provider=spans.provider
        ) as engine,
    ):
        assert (await engine.run(request())).state == "complete"
    assert [each.headers["traceparent"] for each in server.requests] == [
        sent(span) for span in spans.named("GET")
    ]


@pytest.mark.parametrize(
    ("handler", "config", "expected"),
    [(Names, {}, PARENT), (Call, {"send_trace_context": False}, None)],
)
async def test_a_handler_may_send_another_context_or_none(handler, config, expected):
    spans = Spans()
    async with (
        http_server(Response(body=b"{}")) as server,
        testing_engine(
            calls(server.url, handler, **config), tracer_provider=spans.provider
        ) as engine,
    ):
        assert (await engine.run(request())).state == "complete"
    assert server.requests[0].headers.get("traceparent") == expected
    assert len(spans.named("GET")) == 1


async def test_with_sampling_off_the_server_is_told_that_it_is():
    spans = Spans(ALWAYS_OFF)
    async with (
        http_server(Response(body=b"{}")) as server,
        testing_engine(calls(server.url), tracer_provider=spans.provider) as engine,
    ):
        task = await engine.run(request())
    _, trace_id, _, flags = server.requests[0].headers["traceparent"].split("-")
    assert (int(trace_id, 16), flags) == (trace_id_of(task.task_id), "00")
    assert spans.all == []


async def test_without_traces_the_context_of_the_request_is_passed_on_as_it_is():
    async with (
        http_server(Response(body=b"{}")) as server,
        testing_engine([calls(server.url)]) as engine,
    ):
        await engine.run(request(traceparent=PARENT, tracestate="vendor=1"))
        await engine.run(request())
    first, second = (each.headers for each in server.requests)
    assert (first["traceparent"], first["tracestate"]) == (PARENT, "vendor=1")
    assert "traceparent" not in second


async def test_a_request_from_a_worker_process_carries_its_attempt():
    spans = Spans()
    async with (
        http_server(Response(body=b"{}")) as server,
        testing_engine(
            calls(server.url, CallInProcess, executor="process"), tracer_provider=spans.provider
        ) as engine,
    ):
        assert (await engine.run(request())).state == "complete"
    assert server.requests[0].headers["traceparent"] == sent(spans.one("step call"))


# Secrets.


class Leaks(ApiStepHandler):
    """Has its secret wherever a handler may have one."""

    async def process(self, task, sequence, step):
        secret = self.config["headers"]["Authorization"]
        try:
            await self.connection.get(f"/{secret}", params={"token": task.context["token"]})
        finally:
            step.results = {"leaked": secret}
        raise httpx.HTTPError(f"the server knows {secret}, password={task.context['token']}")


async def test_no_secret_is_in_any_span(monkeypatch):
    secrets = ("xyzzy-from-the-environment", "plugh-of-the-context")
    monkeypatch.setenv("SHOP_API_TOKEN", secrets[0])
    spans = Spans()
    async with http_server(Response(body=b"{}")) as server:
        made = calls(
            server.url.replace("//", f"//till-7:{secrets[1]}@"),
            Leaks,
            headers={"Authorization": "${SHOP_API_TOKEN}"},
        )
        async with testing_engine(made, tracer_provider=spans.provider) as engine:
            task = await engine.run(request(context={"token": secrets[1]}))
    assert task.state == "error"
    assert secrets[0] in server.requests[0].target
    told = "\n".join(span.to_json() for span in spans.all)
    assert [secret for secret in secrets if secret in told] == []
    assert tag(spans.one("GET"), "url.full").count("[FILTERED]") >= 2
    assert str(spans.one("step call").status.description).count("[FILTERED]") == 2
    assert linked(spans.one("step call")) == []


async def test_why_a_request_could_not_be_sent_is_told_without_secrets():
    spans = Spans()

    def refuse(sent):
        raise httpx.ConnectError("no way to https://user:plugh@shop/?token=plugh")

    tracer = traceable(spans.provider)
    assert tracer is not None
    transport = TracedTransport(httpx.MockTransport(refuse), tracer, passes_on=True)
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://shop/")
    span = spans.one("GET")
    assert str(span.status.description).startswith("ConnectError: no way to https://")
    assert "plugh" not in span.to_json()
