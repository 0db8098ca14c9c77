"""Secrets planted wherever a task has data: no log line and no stored error holds one."""

import io
import logging

import msgspec
import pytest
import structlog

from tasker import Engine, PermanentError, StepHandler, define
from tasker.handlers.api import ApiStepHandler
from tasker.stores import MemoryStore, SqliteStore
from tasker.telemetry import configure_logging
from tests.engine.support import QUICK, request
from tests.handlers.http_server import Response, http_server

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
        answer = await self.connection.post("/", json=task.context)
        application.info("sent %s, got %s", dict(answer.request.headers), answer.text)
        return answer


def shop(url):
    order = define("work")

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
