"""Secrets planted wherever a task has data: nothing that is told of it holds one."""

import io
import logging

import anyio
import msgspec
import pytest
import structlog

from tasker import BaseSubscriber, Engine, EngineConfig, PermanentError, StepHandler, define
from tasker.handlers.api import ApiStepHandler
from tasker.stores import MemoryStore, SqliteStore
from tasker.telemetry import Exporter, TelemetryConfig, configure_logging
from tests.cli.command import Here
from tests.engine.support import QUICK, request, until
from tests.handlers.http_server import Response, http_server
from tests.telemetry.traced import Spans

CONTEXT, RESULT, HEADER, TEXT, VARIABLE, PLAIN = (
    f"planted-{name}-4711" for name in ("context", "result", "header", "text", "variable", "plain")
)
ALL = (CONTEXT, RESULT, HEADER, TEXT, VARIABLE, PLAIN)

application = logging.getLogger("shop")


class Careless(StepHandler):
    async def process(self, task, sequence, step):
        login = sequence.find_step_by_name("login").results
        application.warning("context is %s", task.context)
        application.warning("got %r", login)
        application.warning("with", extra={"context": task.context, "config": self.config})
        structlog.get_logger("shop").warning("event", results=login)
        logging.getLogger("httpx").info("GET https://api.test/x?access_token=%s", TEXT)
        try:
            raise KeyError(f"no {VARIABLE} in {task.context}")
        except KeyError:
            application.exception("careless")
        step.results = {"note": VARIABLE}
        step.publish_custom_event(
            "shop.refused",
            {"card": task.context["card"], "login": login, "note": VARIABLE, "said": f"otp={TEXT}"},
        )
        error = PermanentError(
            f"refused password={TEXT} for {self.config['key']} in {self.config['region']}: "
            f"{task.context!r} {msgspec.json.encode(login).decode()}",
            context={
                "request": {"headers": {"Authorization": f"Bearer {HEADER}"}, "body": task.context},
                "url": f"https://ann:{TEXT}@db/x?token={TEXT}",
                "headers": [("Cookie", HEADER)],
            },
        )
        error.add_note(f"Authorization: Bearer {HEADER}")
        raise error


class Echoing(ApiStepHandler):
    async def process(self, task, sequence, step):
        answer = await self.connection.post(f"/?access_token={TEXT}", json=task.context)
        application.info("sent %s, got %s", dict(answer.request.headers), answer.text)
        return answer


def shop(url):
    order = define("work", custom_events=["shop.refused"])

    @order.step
    async def login(task):
        return {"session_token": RESULT, "user": "ann"}

    order.add_step(
        "careless",
        Careless,
        depends_on=["login"],
        retry_limit=1,
        handler_config={"key": "${SHOP_API_KEY}", "region": "${REGION}"},
    )
    order.add_step(
        "echo",
        Echoing,
        depends_on=["login"],
        retry_limit=1,
        handler_config={"url": url, "headers": {"Authorization": "Bearer ${SHOP_API_KEY}"}},
    )
    return order


def echo(received):
    told = f"{received.headers} {received.body.decode()}"
    return Response(422, {"Content-Type": "text/plain"}, told.encode())


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_no_secret_is_in_a_line_or_in_a_stored_error(kind, tmp_path, caplog):
    store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "work.db")
    lines, screen = io.StringIO(), io.StringIO()
    caplog.set_level("CRITICAL", "shop")  # pytest's own report is not under test
    environ = {"SHOP_API_KEY": VARIABLE, "REGION": PLAIN}
    configured = configure_logging("json", stream=lines, level="debug")
    application.setLevel("DEBUG")
    try:
        async with (
            http_server(echo) as server,
            Engine.open(
                store, definitions=shop(server.url), config=QUICK, environ=environ
            ) as engine,
        ):
            context = {"card": {"secret": CONTEXT}, "items": ["tea"]}
            task = await engine.run(request(context=context), timeout_seconds=20)
            history = await engine.history(task.task_id)
            # Another one, which is not in an attempt, has the variable's value too.
            logging.getLogger("elsewhere").warning("the key is %s", VARIABLE)
            console = configure_logging("console", stream=screen)
            logging.getLogger("elsewhere").warning("the key is %s", VARIABLE, exc_info=True)
            console.restore()
    finally:
        application.setLevel("NOTSET")
        configured.restore()
    assert task.state == "error"
    assert set(task.errors) == {"careless", "echo"}
    told = {
        "lines": lines.getvalue(),
        "screen": screen.getvalue(),
        "errors": repr([(step.name, step.error) for step in task.steps]),
        "history": repr(history),
        "kept": repr(task.step("careless").results),
    }
    assert "context is" in told["lines"]
    assert "aiosqlite" not in told["lines"]
    assert "careless" in told["lines"]
    assert "refused password=[FILTERED]" in told["errors"]
    for place, text in told.items():
        assert [secret for secret in ALL if secret in text] == [], place
    # What the user's code needs to run is as it was.
    assert task.context == context
    assert task.results["login"]["session_token"] == RESULT


class Loud(BaseSubscriber):
    """Raises what it hears, and more."""

    subscribe_to = ("shop.*",)

    async def handle_event(self, event):
        raise RuntimeError(f"no room for {event.payload} with {VARIABLE}, token={TEXT}")


class Failing(Exporter):
    formats = ("failing",)

    def export(self, data, **options):
        raise OSError(f"no answer for {options} with {VARIABLE}")


def spoken(spans):
    return [
        (span.name, dict(span.attributes), span.status.description, dict(event.attributes or {}))
        for span in spans.all
        for event in (*span.events, span)
    ]


async def work(database, spans, lines):
    """Run the shop with everything switched on; return all that it told, by place."""
    told = {}
    config = EngineConfig(
        backoff=QUICK.backoff, telemetry=TelemetryConfig(metrics_enabled=True), shutdown_seconds=0.0
    )
    environ = {"SHOP_API_KEY": VARIABLE, "REGION": PLAIN}
    async with http_server(echo) as server:
        engine = Engine.open(
            f"sqlite:///{database}",
            definitions=shop(server.url),
            subscribers=Loud(),
            config=config,
            environ=environ,
            tracer_provider=spans.provider,
        )
        with engine.events(capacity=1_000) as events:
            async with engine:
                engine.metrics.exporters.register("failing", Failing())
                context = {"card": {"secret": CONTEXT}, "items": ["tea"]}
                task = await engine.run(request(context=context), timeout_seconds=20)
                exports = [
                    engine.metrics.export("json"),
                    engine.metrics.export("csv"),
                    engine.metrics.export("failing", api_token=TEXT, note=VARIABLE),
                ]
                assert [each.success for each in exports] == [True, True, False]
                await until(lambda: engine.health().subscribers[0].failed)
                told["exports"] = repr(exports)
                told["metrics"] = engine.metrics.render().body.decode()
                told["health"] = repr([engine.health(), engine.live(), await engine.ready()])
                told["status"] = repr(await engine.status())
                told["statistics"] = repr([await engine.statistics(), await engine.performance()])
                told["view"] = repr([task, task.steps, task.errors])
                told["history"] = repr(await engine.history(task.task_id))
            heard = events.mailbox.events
            told["events"] = msgspec.json.encode(list(heard)).decode()
    told["spans"] = repr(spoken(spans))
    told["lines"] = lines.getvalue()
    assert {"shop.refused", "task.failed", "step.failed"} <= {event.name for event in heard}
    assert any("exception.stacktrace" in each[3] for each in spoken(spans))
    return told


def test_with_everything_on_no_secret_is_anywhere(tmp_path, capsys, monkeypatch, caplog):
    caplog.set_level("CRITICAL", "shop")
    monkeypatch.setenv("COLUMNS", "400")
    database, spans, lines = tmp_path / "work.db", Spans(), io.StringIO()
    configured = configure_logging("json", stream=lines, level="debug")
    application.setLevel("DEBUG")
    try:
        told = anyio.run(work, database, spans, lines)
    finally:
        application.setLevel("NOTSET")
        configured.restore()
    store = ["--store", f"sqlite:///{database}"]
    here = Here(capsys)
    reports = {
        "show": ["show"],
        "show verbose": ["show", "--verbose", "--history"],
        "show JSON": ["show", "--json", "--history"],
        "show step": ["show", "--step", "careless"],
        "show step JSON": ["show", "--step", "careless", "--json"],
        "list": ["list", "--json"],
        "analyze": ["analyze", "last"],
        "analyze JSON": ["analyze", "last", "--json"],
        "stats": ["stats"],
        "stats JSON": ["stats", "--json"],
        "graph": ["graph", "last", "--format", "json"],
        "page": ["graph", "last", "--format", "html"],
    }
    for name, arguments in reports.items():
        said = here(*arguments, *store)
        assert said.code == 0, (name, said.err)
        told[name] = said.out + said.err
    for place, text in told.items():
        assert text, place
        assert [secret for secret in ALL if secret in text] == [], place
    # Whoever asks for what the task works on gets it.
    whole = here("show", "--json", "--unmasked", *store).out
    assert CONTEXT in whole
    assert RESULT in whole
    assert "[FILTERED]" in told["show JSON"]
