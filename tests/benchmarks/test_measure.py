"""Measuring a definition of one's own, and what limits it."""

import json
import sys

import msgspec
import pytest

from tasker.bench import Limit, Observation, judge, measure
from tasker.bench.sampler import activity_of
from tasker.cli.app import run
from tasker.config import EngineConfig
from tasker.definitions.python import define

IDLE = Observation(
    loop_busy=0.2,
    handler_share=0.1,
    store_busy=0.1,
    in_handlers=0.9,
    permits_short=0.0,
    permits_limit=1000,
    threads_busy=0.0,
    threads_limit=40,
    commits_per_second=10.0,
    appends_per_commit=2.0,
)


@pytest.mark.parametrize(
    ("seen", "limit", "words"),
    [
        ({}, Limit.HANDLER, "more tasks in flight"),
        ({"loop_busy": 0.95}, Limit.LOOP, "95%"),
        ({"loop_busy": 0.95, "handler_share": 0.8}, Limit.HANDLER, "executor: process"),
        ({"permits_short": 0.9}, Limit.PERMITS, "max_concurrent_steps (1000)"),
        ({"threads_busy": 39.0}, Limit.PERMITS, "max_worker_threads"),
        ({"store_busy": 0.95}, Limit.STORE, "95%"),
        ({"store_busy": 0.5, "loop_busy": 0.4}, Limit.STORE, "took turns"),
        ({"store_busy": 0.4, "loop_busy": 0.5}, Limit.LOOP, "50%"),
        ({"in_handlers": 0.1}, Limit.LOOP, "20%"),
        # A full loop makes everything else look slow.
        ({"loop_busy": 0.9, "store_busy": 0.95, "permits_short": 1.0}, Limit.LOOP, "90%"),
    ],
)
def test_the_verdict_names_what_there_is_no_more_of(seen, limit, words):
    # Where loop and store take turns, a task spends little of its time in steps.
    if "loop_busy" in seen and "store_busy" in seen:
        seen["in_handlers"] = 0.1
    evidence = judge(msgspec.structs.replace(IDLE, **seen))
    assert evidence.limit is limit
    assert words in evidence.sentence
    assert evidence.sentence.endswith(".")


async def test_a_report_ends_with_what_limits_it(tmp_path):
    order = define("order")

    @order.step
    async def reserve(task):
        return task.context["n"]

    url = f"sqlite:///{tmp_path}/bench.db"
    report = await measure(order, {"n": 7}, url, concurrency=(1, 4), seconds=0.05)
    assert [level.load.concurrency for level in report.levels] == [1, 4]
    assert all(level.load.failed == 0 for level in report.levels)
    assert report.best.load.tasks == report.best.load.steps
    assert report.text().splitlines()[-1] == report.evidence.sentence
    assert len(report.evidence.lines) == 5


async def test_a_permit_that_all_wait_for_is_what_limits():
    import anyio

    limited = define("limited")

    @limited.step(max_concurrent_requests=1)
    async def ask():
        await anyio.sleep(0.005)

    report = await measure(limited, {}, "memory://", concurrency=(20,), seconds=0.2)
    assert report.evidence.limit is Limit.PERMITS


async def test_failed_tasks_are_counted():
    failing = define("failing")

    @failing.step(retryable=False)
    async def fail():
        raise ValueError("no")

    report = await measure(
        failing, {}, "memory://", concurrency=(2,), seconds=0.05, config=EngineConfig()
    )
    assert report.best.load.failed == report.best.load.tasks


async def test_of_several_definitions_one_must_be_named():
    with pytest.raises(ValueError, match="name one definition"):
        await measure(define("a"), {}, "memory://", name="b")


def test_a_thread_outside_of_any_handler_is_at_the_engine_or_idle():
    assert activity_of(None) == "idle"
    assert activity_of(sys._getframe()) == "engine"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "benched_shop.py").write_text("async def reserve(task):\n    return 1\n")
    (tmp_path / "order.yaml").write_text(
        "name: order\nstep_templates:\n  - name: reserve\n    handler_class: benched_shop:reserve\n"
    )
    return tmp_path


def test_the_command_measures_and_leaves_nothing_behind(shop, capsys):
    before = sorted(shop.iterdir())
    code = run(["bench", "order.yaml", "-j", "2", "--seconds", "0.05", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert said["evidence"]["limit"] in list(Limit)
    assert said["best"]["load"]["concurrency"] == 2
    assert [path for path in sorted(shop.iterdir()) if path.name != "__pycache__"] == before


def test_the_command_keeps_the_tasks_where_it_is_told_to(shop, capsys):
    arguments = ["--seconds", "0.05", "-j", "1", "--store", "sqlite:///kept.db"]
    assert run(["bench", "order.yaml", *arguments]) == 0
    assert "limit" in capsys.readouterr().out.splitlines()[-1]
    assert (shop / "kept.db").exists()
