"""Where the time of a task went, to the second."""

from itertools import pairwise

import pytest

from tasker.analysis import analyze_task, timeline_of
from tasker.analysis.timeline import SpanKind, Timeline
from tasker.testing import ManualClock
from tests.analysis.shop import Shop, order


def spans(timeline: Timeline, step: str):
    return [
        (span.kind.value, span.attempt, span.start - timeline.start, span.end - timeline.start)
        for span in timeline.by_step.get(step, ())
    ]


async def ran(shop: Shop, *, permits: int = 10):
    async with shop.open(permits=permits) as engine:
        view = await engine.run(shop.request())
        return view, await engine.history(view.task_id)


async def test_runs_and_backoffs():
    shop = order()
    view, history = await ran(shop)
    found = timeline_of(view, history, shop.now)
    assert (found.start, found.end) == (shop.start, shop.start + 17)
    assert spans(found, "users") == [("running", 1, 0, 2)]
    assert spans(found, "join") == [
        ("running", 1, 5, 9),
        ("backoff", 1, 9, 12),
        ("running", 2, 12, 16),
    ]
    assert [span.outcome for span in found.by_step["join"]] == ["error", None, "complete"]
    assert found.by_step["join"][0].note == "RetryableError: busy"
    assert spans(found, "report") == [("running", 1, 16, 17)]
    assert found.seconds(SpanKind.RUNNING) == 2 + 5 + 4 + 4 + 1 + 1
    assert found.mean_running_steps == pytest.approx(17 / 14, abs=0.01)


async def test_waits_for_a_permit():
    shop = order()
    view, history = await ran(shop, permits=1)
    found = timeline_of(view, history, shop.now)
    assert sum(span.kind is SpanKind.QUEUED for span in found.spans) >= 2
    assert spans(found, "orders")[0] == ("queued", 1, 0, 2)
    assert found.mean_running_steps == 1.0
    # Every instant from being ready to the end of a step is in one of its spans.
    for name, of_step in found.by_step.items():
        assert all(a.end == b.start for a, b in pairwise(of_step)), name


async def test_the_path_by_time_adds_up_to_the_life_of_the_task():
    shop = order()
    view, history = await ran(shop, permits=1)
    found = analyze_task(view, history, now=shop.now)
    assert found.critical_paths.by_time is not None
    assert found.time_spent is not None
    assert found.critical_paths.by_time.total == found.time_spent.elapsed_seconds
    assert found.critical_paths.by_time.steps[-1] in ("report", "audit")


async def test_what_lasts_still_ends_now():
    shop = Shop(ManualClock())
    shop.step("first", seconds=10)
    shop.step("second", "first")
    async with shop.open() as engine:
        task_id = await engine.submit(shop.request())
        await shop.clock.advance(4)
        view = await engine.get(task_id)
        found = timeline_of(view, await engine.history(task_id), shop.now)
    [span] = found.spans
    assert (span.step, span.kind, span.open) == ("first", SpanKind.RUNNING, True)
    assert span.seconds == 4
    assert found.end == shop.start + 4


async def test_a_backoff_that_lasts_still():
    shop = Shop(ManualClock())
    shop.step("first", seconds=2, failures=1)
    async with shop.open() as engine:
        task_id = await engine.submit(shop.request())
        await shop.clock.advance(3)
        view = await engine.get(task_id)
        found = timeline_of(view, await engine.history(task_id), shop.now)
    assert spans(found, "first") == [("running", 1, 0, 2), ("backoff", 1, 2, 3)]
    assert [span.open for span in found.spans] == [False, True]


async def test_a_pause_is_kept_apart_and_its_steps_are_queued():
    shop = Shop(ManualClock())
    shop.step("first", seconds=5)
    shop.step("second", "first", seconds=1)
    async with shop.open() as engine:
        task_id = await engine.submit(shop.request())
        await shop.clock.advance(2)
        await engine.pause(task_id)
        await shop.clock.advance(18)
        await engine.resume(task_id)
        await shop.clock.advance(1)
        view = await engine.wait(task_id)
        found = timeline_of(view, await engine.history(task_id), shop.now)
    assert found.paused == ((shop.start + 2, shop.start + 20),)
    assert spans(found, "second") == [("queued", 1, 5, 20), ("running", 1, 20, 21)]


async def test_a_cancelled_task_leaves_nothing_open():
    shop = Shop(ManualClock())
    shop.step("first", seconds=5)
    shop.step("second", "first")
    async with shop.open() as engine:
        task_id = await engine.submit(shop.request())
        await shop.clock.advance(3)
        await engine.cancel(task_id)
        view = await engine.wait(task_id)
        found = timeline_of(view, await engine.history(task_id), shop.now)
    [span] = found.spans
    assert (span.step, span.outcome, span.open, span.seconds) == ("first", "cancelled", False, 3)


async def test_a_step_retried_by_hand_is_shown_with_both_its_lives():
    shop = Shop()
    shop.step("first", seconds=2, failures=1, retry_limit=1)
    async with shop.open() as engine:
        view = await engine.run(shop.request())
        assert view.state == "error"
        await shop.clock.advance(10)
        await engine.retry(view.task_id)
        view = await engine.wait(view.task_id)
        found = timeline_of(view, await engine.history(view.task_id), shop.now)
    assert spans(found, "first") == [("running", 1, 0, 2), ("running", 2, 12, 14)]


async def test_a_bypassed_step_takes_no_time():
    shop = Shop()
    shop.definition.add_step("first", lambda: 1, skippable=True)
    shop.step("second", "first", seconds=1)
    async with shop.open() as engine:
        request = shop.request()
        request = type(request)(name="order", namespace="shop", bypass_steps=("first",))
        view = await engine.run(request)
        found = timeline_of(view, await engine.history(view.task_id), shop.now)
    assert list(found.by_step) == ["second"]
