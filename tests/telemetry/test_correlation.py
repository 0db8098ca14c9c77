"""A task is joined with what caused it: given, inherited, kept, passed on."""

import sqlite3
from contextlib import closing

import anyio
import pytest

from tasker import Engine, EngineConfig, TaskRequest, define
from tasker.errors import InvalidRequestError
from tasker.handlers.api import ApiStepHandler
from tasker.stores import SqliteStore
from tasker.stores.contract.records import creation, found, recorded, task
from tasker.stores.sqlite.queries import migrations, statements
from tasker.stores.sqlite.schema import APPLICATION_ID
from tasker.telemetry import (
    Correlation,
    TelemetryConfig,
    correlated,
    correlation_from_headers,
    current_correlation,
)
from tasker.testing import testing_engine
from tests.engine.support import request
from tests.handlers.http_server import Response, http_server
from tests.handlers.support import attempt

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
STATE = "vendor=a b,tenant@system=1"


def nothing():
    order = define("work")
    order.add_step("step", lambda: None)
    return order


# Given and inherited.


async def test_a_task_has_what_its_request_says_and_else_its_own_id():
    async with testing_engine(nothing()) as engine:
        given = await engine.run(
            request(correlation_id="req-7", traceparent=PARENT, tracestate=STATE)
        )
        alone = await engine.run(request())
        page = await engine.list_tasks()
    assert (given.correlation_id, given.traceparent, given.tracestate) == ("req-7", PARENT, STATE)
    assert (alone.correlation_id, alone.traceparent) == (alone.task_id, None)
    assert [line.correlation_id for line in page.tasks] == [alone.task_id, "req-7"]
    assert given.to_dict()["traceparent"] == PARENT


@pytest.mark.parametrize("kind", ["async", "thread", "in a request of its own"])
async def test_a_task_that_a_handler_submits_inherits(kind):
    children: list[str] = []
    parent = define("parent")

    async def submit():
        children.append(await engine.submit(request()))

    async def in_loop(task):
        assert task.correlation_id == "req-7"
        if kind == "async":
            await submit()
        else:
            with correlated("other"):
                await submit()

    def plain():
        anyio.from_thread.run(submit)

    parent.add_step("step", plain if kind == "thread" else in_loop)
    async with testing_engine([parent, nothing()]) as engine:
        wanted = TaskRequest(name="parent", correlation_id="req-7", traceparent=PARENT)
        (await engine.run(wanted)).raise_for_state()
        child = await engine.wait(children[0])
    assert child.correlation_id == ("other" if "own" in kind else "req-7")
    assert child.traceparent == PARENT


async def test_a_task_that_a_request_submits_inherits():
    async with testing_engine(nothing()) as engine:
        with correlated("req-1", traceparent=PARENT, tracestate=STATE):
            with correlated("inner"):
                inner = await engine.run(request())
            outer = await engine.run(request())
            explicit = await engine.run(request(correlation_id="mine", traceparent=PARENT))
        after = await engine.run(request())
    assert (inner.correlation_id, inner.traceparent, inner.tracestate) == ("inner", PARENT, STATE)
    assert outer.correlation_id == "req-1"
    assert (explicit.correlation_id, explicit.tracestate) == ("mine", None)
    assert after.correlation_id == after.task_id
    assert current_correlation() == Correlation()


def test_headers_of_a_request():
    headers = {"x-correlation-id": " req-7 ", "Traceparent": PARENT, "tracestate": STATE}
    whole = Correlation(correlation_id="req-7", traceparent=PARENT, tracestate=STATE)
    assert correlation_from_headers(headers) == whole
    assert correlation_from_headers([("X-Request-ID", "r")], header="x-request-id") == Correlation(
        correlation_id="r"
    )
    # What strangers send is no reason to refuse their request.
    malformed = {"X-Correlation-ID": "a b", "traceparent": "00-0", "tracestate": STATE}
    assert correlation_from_headers(malformed) == Correlation()
    assert correlation_from_headers({"traceparent": PARENT, "tracestate": "="}) == Correlation(
        traceparent=PARENT
    )
    with correlated(whole):
        assert current_correlation() == whole


# Refused.


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"correlation_id": ""}, "1 to 128 visible ASCII"),
        ({"correlation_id": "x" * 129}, "1 to 128"),
        ({"correlation_id": "a\r\nSet-Cookie: b"}, "visible ASCII"),
        ({"correlation_id": "ä"}, "visible ASCII"),
        ({"correlation_id": 7}, "must be text"),
        ({"traceparent": PARENT.upper()}, "lower-case hex, as in 00-4bf9"),
        ({"traceparent": PARENT[:-1]}, "must be version-trace_id"),
        ({"traceparent": f"{PARENT}-more"}, "version or length"),
        ({"traceparent": "ff" + PARENT[2:]}, "version or length"),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, "zeros alone"),
        ({"traceparent": f"00-{'1' * 32}-{'0' * 16}-01"}, "zeros alone"),
        ({"traceparent": PARENT, "tracestate": "novalue"}, "list of key=value"),
        ({"traceparent": PARENT, "tracestate": "a=" + "x" * 600}, "512 characters"),
        ({"traceparent": PARENT, "tracestate": ",".join(["a=1"] * 33)}, "32 members"),
        ({"tracestate": "a=1"}, "needs a traceparent"),
    ],
)
def test_what_cannot_be_is_refused(fields, says):
    with pytest.raises(InvalidRequestError, match=says):
        TaskRequest(name="work", **fields)
    with pytest.raises(InvalidRequestError, match=says):
        Correlation(**fields)


def test_a_later_version_of_the_trace_context_may_say_more():
    TaskRequest(name="work", traceparent=f"01{PARENT[2:]}-more", tracestate="")


# Kept.


async def test_it_is_kept_across_processes_and_seen_by_the_handler(store_url):
    url = store_url
    seen = []
    order = define("work")

    @order.step
    async def step(task):
        now = current_correlation()
        seen.append((task.correlation_id, now.correlation_id, now.traceparent, now.tracestate))

    async with Engine.open(url, definitions=order, work=False) as clerk:
        task_id = await clerk.submit(
            request(correlation_id="req-7", traceparent=PARENT, tracestate=STATE)
        )
    async with Engine.open(url, definitions=order) as engine:
        view = await engine.wait(task_id, timeout_seconds=20)
    assert seen == [("req-7", "req-7", PARENT, STATE)]
    assert (view.correlation_id, view.traceparent, view.tracestate) == ("req-7", PARENT, STATE)


async def test_a_database_from_before_is_brought_up_to_date(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements(migrations()[0]):
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(
            "INSERT INTO tasks VALUES ('t1', 'default', 'order', '0.1.0', 'h', 'paused', 0, 1, 1,"
            " NULL, NULL, NULL, NULL, 1, 'me', 'here', 'why', '[]', '[]', 'key')"
        )
        connection.execute("INSERT INTO task_inputs VALUES ('t1', '{}', NULL)")
        connection.execute("INSERT INTO journal VALUES ('t1', 1, 1, '[]')")
    store = SqliteStore(path)
    await store.open()
    try:
        old = (await found(store, "t1")).task
        assert (old.identity, old.correlation_id, old.traceparent) == ("key", None, None)
        await recorded(store, [creation(task("t2", correlation_id="c", tracestate="a=1"))])
        new = (await found(store, "t2")).task
        assert (new.correlation_id, new.tracestate) == ("c", "a=1")
    finally:
        await store.close()


# Passed on.


class TwoCalls(ApiStepHandler):
    async def process(self, task, sequence, step):
        await self.connection.get("/own", headers={"X-Correlation-ID": "by hand"})
        return await self.connection.get("/plain")


async def calls(handler, config=None, **telemetry):
    order = define("work")
    async with http_server(lambda _: Response()) as server:
        order.add_step("step", handler, handler_config={"url": server.url, **(config or {})})
        settings = TelemetryConfig(**telemetry)
        async with testing_engine(order, config=EngineConfig(telemetry=settings)) as engine:
            (await engine.run(request(correlation_id="req-7"))).raise_for_state()
        return [each.headers for each in server.requests]


async def test_api_steps_pass_it_on_unless_told_otherwise():
    own, plain = await calls(TwoCalls)
    assert (own["x-correlation-id"], plain["x-correlation-id"]) == ("by hand", "req-7")
    (renamed,) = await calls(ApiStepHandler, correlation_id_header="X-Request-ID")
    assert (renamed["x-request-id"], "x-correlation-id" in renamed) == ("req-7", False)
    (off,) = await calls(ApiStepHandler, correlation_id_header="")
    assert "x-correlation-id" not in off
    (off,) = await calls(ApiStepHandler, {"send_correlation_id": False})
    assert "x-correlation-id" not in off


async def test_attempts_that_share_a_connection_pass_their_own_on():
    order = define("work")
    order_config = {"method": "POST"}
    async with http_server(lambda _: Response()) as server:
        order.add_step("step", ApiStepHandler, handler_config={"url": server.url, **order_config})
        async with testing_engine(order) as engine, anyio.create_task_group() as group:
            for n in range(5):
                group.start_soon(engine.run, request(correlation_id=f"req-{n}"))
        sent = sorted(each.headers["x-correlation-id"] for each in server.requests)
    assert sent == [f"req-{n}" for n in range(5)]


async def test_steps_in_processes_pass_it_on_too():
    async with http_server(lambda _: Response()) as server:
        await attempt(
            "tasker.handlers.api:ApiStepHandler",
            executor="process",
            config={"url": server.url},
            task={"correlation_id": "req-7"},
        )
    assert server.requests[0].headers["x-correlation-id"] == "req-7"


@pytest.mark.parametrize(
    "wrong",
    [{"correlation_id_header": "X Y"}, {"slow_commit_seconds": 0}, {"filter_mask": " "}],
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TelemetryConfig(**wrong)
