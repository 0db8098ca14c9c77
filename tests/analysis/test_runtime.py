"""The analysis of tasks that ran, and what is told when a bottleneck appears."""

import msgspec
import pytest

from tasker.actors.workflow.messages import Cancel
from tasker.analysis import Severity, Shape, analyze_task, detect_bottlenecks
from tasker.analysis.detection import bottlenecks_among
from tests.analysis.graphs import LINEAR, NOW, live
from tests.analysis.shop import BACKOFF_SECONDS, Shop, order
from tests.workflow.rules import Live, make_plan

WIDE = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ("b",), "f": ("c",), "g": ("d",)}


async def test_a_finished_task():
    shop = order()
    async with shop.open() as engine:
        view = await engine.run(shop.request())
        found = analyze_task(view, await engine.history(view.task_id), now=shop.now)
    assert found.dependency_graph.dependency_levels == {
        "users": 0,
        "orders": 0,
        "join": 1,
        "report": 2,
        "audit": 1,
    }
    paths = found.critical_paths
    assert paths.by_time is not None
    assert (paths.by_time.steps, paths.by_time.total) == (("orders", "join", "report"), 17.0)
    assert paths.total_paths == 3
    assert paths.root_steps == ("users", "orders")
    assert paths.leaf_steps == ("report", "audit")
    assert found.time_spent is not None
    assert found.time_spent.backoff_seconds == BACKOFF_SECONDS
    summary = found.task_execution_summary
    assert (summary.total_dependencies, summary.dependency_levels) == (4, 3)
    assert summary.overall_health == "healthy"
    assert summary.recommendations == (
        "join took 65% of the longest path by time, most of it running: make it faster, or "
        "split it into steps that run at once",
    )


async def test_without_its_history_times_are_those_of_latest_attempts():
    shop = order()
    async with shop.open() as engine:
        view = await engine.run(shop.request())
        found = analyze_task(view, now=shop.now)
    assert found.time_spent is None
    assert found.critical_paths.by_time is not None
    assert found.critical_paths.by_time.steps == ("orders", "join", "report")
    assert found.critical_paths.by_time.total == 10.0


async def test_a_failed_task_is_told_what_to_do():
    shop = Shop()
    shop.step("charge", permanent="declined")
    shop.step("ship", "charge")
    async with shop.open() as engine:
        view = await engine.run(shop.request())
        found = analyze_task(view, await engine.history(view.task_id), now=shop.now)
    assert found.task_execution_summary.overall_health == "critical"
    assert found.task_execution_summary.recommendations == (
        "charge failed, and holds up 1 step: no attempt follows by itself: mend the cause and "
        "retry the step, or resolve it",
    )
    [chain] = found.error_chains.error_chains
    assert chain.error_message == "declined"
    [bottleneck] = found.bottlenecks.bottlenecks
    assert bottleneck.impact_score == (5 + 15) * 2 + 3 + 10


async def test_nothing_ran_yet():
    shop = order()
    async with shop.open() as engine:
        task_id = await engine.submit(shop.request())
        view = await engine.get(task_id)
        found = analyze_task(view, await engine.history(task_id), now=shop.now)
    assert found.critical_paths.by_time is None
    assert found.parallelism_opportunities.mean_running_steps is None


async def test_an_analysis_is_plain_data():
    shop = order()
    async with shop.open() as engine:
        view = await engine.run(shop.request())
        found = analyze_task(view, await engine.history(view.task_id), now=shop.now)
    decoded = msgspec.json.decode(msgspec.json.encode(found))
    assert decoded["dependency_graph"]["edges"][0] == {"from": "users", "to": "join"}
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_a_bottleneck_is_told_of():
    task = live()
    assert detect_bottlenecks(task.state, NOW) == ()
    task.run_badly("a")
    [told] = detect_bottlenecks(task.state, NOW)
    assert (told.step, told.impact_score, told.severity) == ("a", 83, Severity.HIGH)
    assert (told.downstream_steps_count, told.blocked_downstream_count) == (2, 2)
    assert msgspec.json.decode(msgspec.json.encode(told), type=type(told)) == told


@pytest.mark.parametrize("least", Severity)
def test_the_bottlenecks_among_some_steps_are_those_of_all(least):
    shape = Shape.of(WIDE)
    task = Live(make_plan(WIDE)).begin()
    task.run("a")
    for name in ("b", "c"):
        task.start(name)
    task.fail("b")
    task.fail("c", permanent=True)
    every = detect_bottlenecks(task.state, NOW, least=least)
    for names in (["b"], ["c"], ["b", "c"], ["a", "d", "e"]):
        steps = [task.index(name) for name in names]
        found = bottlenecks_among(task.state, steps, NOW, shape, least=least)
        assert set(found) == {each for each in every if each.step in names}
    task.tell(Cancel())
    assert bottlenecks_among(task.state, [1, 2], NOW, shape, least=least) == ()


def test_only_what_is_severe_enough_is_told_of():
    task = live()
    assert [each.step for each in detect_bottlenecks(task.state, NOW, least=Severity.LOW)] == [
        "b",
        "c",
    ]
    task.run_badly("a")
    assert detect_bottlenecks(task.state, NOW, least=Severity.CRITICAL) == ()


def test_a_shape_that_is_kept_gives_the_same():
    task = live()
    task.run_badly("a")
    shape = Shape.of(LINEAR)
    assert detect_bottlenecks(task.state, NOW, shape=shape) == detect_bottlenecks(task.state, NOW)
