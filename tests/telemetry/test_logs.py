"""What is logged during an attempt says whose it is, and nobody's set-up is touched."""

import io
import logging
import threading
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import structlog

from tasker import (
    Engine,
    PermanentError,
    RetryableError,
    StepHandler,
    TaskHandler,
    TaskRequest,
    define,
)
from tasker.stores import MemoryStore
from tasker.telemetry import (
    MaskingFormatter,
    TaskFields,
    add_task_fields,
    configure_logging,
    correlated,
)
from tasker.telemetry.log_fields import UNFORMATTED
from tasker.telemetry.task_log import LoggedCommits
from tasker.testing import run_task, testing_engine
from tests.handlers.support import attempt, bound_step, order_for, runner_for, state_of
from tests.telemetry.support import Kept, logged

application = logging.getLogger("shop.orders")
HERE = "tests.telemetry.test_logs"


def own_fields(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line.get(name) for name in ("task_id", "step", "attempt", "correlation_id")}


# Fields.


@pytest.mark.parametrize("way", ["logging", "structlog"])
@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_lines_of_handlers_say_whose_they_are(kind, way):
    logger_of = logging.getLogger if way == "logging" else structlog.get_logger
    order = define("order", namespace="shop", version="2.1.0")

    def plain():
        logger_of("shop").warning("counting")

    async def in_loop():
        await anyio.lowlevel.checkpoint()
        logger_of("shop").warning("counting")

    order.add_step("count", plain if kind == "thread" else in_loop)
    with logged() as lines:
        task = await run_task(order, correlation_id="req-7")
    line = lines.one("counting")
    assert {name: line[name] for name in ("namespace", "task_name", "version")} == {
        "namespace": "shop",
        "task_name": "order",
        "version": "2.1.0",
    }
    assert own_fields(line) == {
        "task_id": task.task_id,
        "step": "count",
        "attempt": 1,
        "correlation_id": "req-7",
    }
    assert line["level"] == "warning"


class Loud(StepHandler):
    def process(self, task, sequence, step):
        application.warning("in process")

    async def process_results(self, step, output, initial_results):
        application.warning("in results of a thread")


class Noting(TaskHandler):
    def update_annotations(self, task, sequence, steps):
        application.warning("in a hook")
        return []


async def test_every_place_where_users_code_runs_says_whose_it_is():
    order = define("order", task_handler=Noting)

    @order.step(retry_limit=2)
    async def work(step):
        async with anyio.create_task_group() as group:
            group.start_soon(started)
        await anyio.to_thread.run_sync(application.warning, "in a thread of its own")
        if step.attempt < 2:
            raise RetryableError("again")

    async def started():
        application.warning("in a task of its own")

    order.add_step("loud", Loud, depends_on=["work"])
    with logged() as lines:
        task = await run_task(order)
    hook = lines.one("in a hook")
    assert (hook["task_id"], "step" in hook) == (task.task_id, False)
    for event in ("in process", "in results of a thread"):
        assert (lines.one(event)["step"], lines.one(event)["attempt"]) == ("loud", 1)
    for event in ("in a task of its own", "in a thread of its own"):
        assert [line["attempt"] for line in lines.saying(event)] == [1, 2]


async def test_attempts_at_once_never_mix():
    both, release = threading.Barrier(4, timeout=20), threading.Event()

    def plain(task):
        both.wait()
        application.warning("plain %s", task.context["n"])
        release.set()

    async def in_loop(task):
        structlog.contextvars.bind_contextvars(mine=task.context["n"])
        while not release.is_set():
            await anyio.lowlevel.checkpoint()
        structlog.get_logger("shop").warning(f"loop {task.context['n']}")

    order = define("order")
    order.add_step("plain", plain)
    order.add_step("loop", in_loop)
    with logged() as lines:
        async with testing_engine(order) as engine, anyio.create_task_group() as group:

            async def submit(n):
                with correlated(f"req-{n}"):
                    await engine.run(TaskRequest(name="order", context={"n": n}))

            for n in range(4):
                group.start_soon(submit, n)
    for n in range(4):
        plain_line, loop_line = lines.one(f"plain {n}"), lines.one(f"loop {n}")
        assert plain_line["correlation_id"] == loop_line["correlation_id"] == f"req-{n}"
        assert plain_line["task_id"] == loop_line["task_id"]
        assert (plain_line["step"], loop_line["step"]) == ("plain", "loop")
        assert loop_line["mine"] == n


async def test_nothing_is_bound_after_an_attempt():
    async def work():
        application.warning("inside")

    bound = bound_step(work)
    with logged() as lines:
        async with runner_for(bound) as runner:
            await runner.run(order_for(state_of(bound), "work"))
            application.warning("outside")
    assert "task_id" in lines.one("inside")
    assert "task_id" not in lines.one("outside")


def shouts(step):
    logging.getLogger("shop").warning("from a process, password=%s", "pw-4711")
    structlog.get_logger("shop").warning("from structlog")


async def test_worker_processes_log_as_their_parent_does(capfd):
    with logged():
        await attempt(f"{HERE}:shouts", executor="process", number=3)
    lines = [line for line in capfd.readouterr().err.splitlines() if "from" in line]
    assert len(lines) == 2
    for line in lines:
        assert '"step":"work","attempt":3' in line
        assert "pw-4711" not in line


async def test_a_request_that_is_no_task_has_its_correlation_id():
    with logged() as lines, correlated("req-1"):
        application.warning("before submitting")
    assert own_fields(lines.one("before"))["correlation_id"] == "req-1"


# What the engine logs.


async def test_failures_are_warnings_and_errors_and_successes_are_quiet():
    order = define("order")

    @order.step(retry_limit=2)
    async def charge(step):
        raise (
            RetryableError("the bank is busy", retry_after=7)
            if step.attempt == 1
            else (PermanentError("declined"))
        )

    @order.step
    async def reserve(): ...

    with logged(level="info") as lines:
        task = await run_task(order)
    told = [line for line in lines.json if line["logger"].startswith("tasker")]
    assert [(line["level"], line["event"].split(":")[0]) for line in told] == [
        ("warning", "step charge failed in attempt 1, retry in 7 s"),
        ("warning", "step charge failed in attempt 2, no retry"),
        ("error", "task default.order failed"),
    ]
    first = told[0]
    assert first["error_class"] == "tasker.errors.RetryableError"
    ended_at = task.step("charge").ended_at
    assert ended_at is not None
    assert first["retry_at"] == pytest.approx(ended_at.timestamp(), abs=1)
    assert first["event"].endswith("the bank is busy")
    assert told[2]["failed_steps"] == ["charge"]
    assert {line["task_id"] for line in told} == {task.task_id}


async def test_the_course_of_tasks_is_told_for_debugging():
    order = define("order")
    order.add_step("a", lambda: None)
    with logged(level="debug") as lines:
        await run_task(order)
    told = [line["event"] for line in lines.json if line["logger"] == "tasker.tasks"]
    assert told == ["task default.order created", "task default.order ended: complete"]


async def test_tasks_that_are_taken_up_are_told():
    store = MemoryStore()
    order = define("order")
    order.add_step("a", lambda: None)
    async with Engine.open(store, definitions=order, work=False) as engine:
        await engine.submit(TaskRequest(name="order"))
    with logged() as lines:
        async with testing_engine(order, store=store):
            pass
    assert lines.one("took up 1 tasks")["level"] == "info"


async def test_a_slow_commit_is_told():
    times = iter([0.0, 0.5, 1.0, 2.5])
    store = MemoryStore()
    await store.open()
    commits = LoggedCommits(store, 1.0, lambda: next(times))
    with logged() as lines:
        await commits.commit([])
        await commits.commit([])
    assert lines.one("a commit of 0 appends took 1.5 s")["commit_seconds"] == 1.5


# The set-up of logging.


async def test_the_engine_leaves_the_set_up_of_logging_alone():
    def set_up():
        loggers = [logging.getLogger(name) for name in (None, "tasker", "tasker.tasks")]
        return [(each.level, each.handlers[:], each.filters[:], each.propagate) for each in loggers]

    before = set_up()
    order = define("order")
    order.add_step("a", lambda: application.info("x"))
    await run_task(order)
    assert set_up() == before
    assert not structlog.is_configured()


def test_restoring_leaves_it_as_it_was_and_again_does_not_add_up():
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    first, second = io.StringIO(), io.StringIO()
    configure_logging("json", stream=first)
    configured = configure_logging("json", stream=second, level="error")
    application.error("once")
    assert (first.getvalue(), len(second.getvalue().splitlines())) == ("", 1)
    configured.restore()
    configured.restore()
    assert (root.level, root.handlers) == before
    assert not structlog.is_configured()


def test_a_structlog_that_is_configured_stays():
    processors: list[Any] = [add_task_fields, structlog.processors.JSONRenderer()]
    structlog.configure(processors=processors)
    try:
        configure_logging("json", stream=io.StringIO()).restore()
        assert structlog.get_config()["processors"] is processors
    finally:
        structlog.reset_defaults()


@pytest.mark.parametrize("wrong", [{"format": "xml"}, {"level": "loud"}])
def test_what_cannot_be_set_up_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is .* must be one of"):
        configure_logging(**wrong)


def test_the_console_has_lines_that_cannot_move_the_cursor():
    lines = io.StringIO()
    configured = configure_logging("console", stream=lines)
    try:
        application.warning("evil\x1b[2J\nforged", extra={"order": "a\x07"})
        application.warning("tab", exc_info=ValueError("bad\x1b[2J"))
    finally:
        configured.restore()
    assert "\x1b" not in lines.getvalue()
    assert "evil\\x1b[2J\\nforged" in lines.getvalue()
    assert "ValueError: bad\\x1b[2J" in lines.getvalue()


def test_a_line_that_cannot_be_formatted_tells_nothing_of_itself(capsys):
    class Broken:
        def __repr__(self):
            raise RuntimeError("pw-4711")

    with logged() as lines:
        for record in (
            {"msg": "%d", "args": ("pw-4711",)},
            {"msg": "password %s", "args": (Broken(),)},
            {"msg": "fine", "thing": Broken()},
            {"msg": "big", "n": 2**70, "odd": "\ud800"},
        ):
            lines.handler.handle(logging.makeLogRecord({"name": "shop", **record}))
    assert len(lines.saying(UNFORMATTED)) == 2
    assert lines.one("big")["n"] == 2**70
    assert "pw-4711" not in lines.getvalue() + capsys.readouterr().err


# What an application adds to its own.


async def test_a_filter_and_a_formatter_for_loggers_that_are_set_up():
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.addFilter(TaskFields())
    layout = "%(step)s/%(attempt)s %(message)s"
    inner = logging.Formatter(layout, defaults=TaskFields.ABSENT)
    handler.setFormatter(MaskingFormatter(inner))
    kept = Kept()
    application.addHandler(kept)
    application.addHandler(handler)
    application.propagate = False
    try:
        await attempt(lambda: application.warning("token=%s", "abc"), number=2)
        application.warning("outside", extra={"step": "mine"})
        handler.handle(logging.makeLogRecord({"msg": "%d", "args": ("abc",)}))
    finally:
        application.propagate = True
        application.removeHandler(kept)
        application.removeHandler(handler)
    first, second, third = lines.getvalue().splitlines()
    assert (first, second) == ("work/2 token=[FILTERED]", "mine/- outside")
    assert third.startswith(UNFORMATTED)
    # Nobody else's records change.
    assert kept.records[0].getMessage() == "token=abc"


async def test_a_record_that_names_a_task_gets_nothing_of_another():
    with logged() as lines:
        await attempt(lambda: application.warning("of that", extra={"task_id": "other"}))
    assert own_fields(lines.one("of that")) == {
        "task_id": "other",
        "step": None,
        "attempt": None,
        "correlation_id": None,
    }
