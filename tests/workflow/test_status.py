"""The status tables, the mended gaps included."""

import pytest

from tasker.actors.workflow.messages import CancelStep, Wake
from tasker.actors.workflow.status import ExecutionStatus, execution_status
from tests.workflow.rules import DIAMOND, Edges, Live, make_plan

TWO: Edges = {"a": (), "b": ()}
ONCE = {"retry_limit": 1}


def of(live: Live) -> ExecutionStatus:
    return execution_status(live.state, live.now)


def words(live: Live) -> tuple[str, str, str]:
    status = of(live)
    return status.execution_status, status.health_status, status.recommended_action


READY = ("has_ready_steps", "execute_ready_steps")
BUSY = ("processing", "wait_for_completion")
DONE = ("all_complete", "finalize_task")
BLOCKED = ("blocked_by_failures", "handle_failures")
WAITS = ("waiting_for_dependencies", "wait_for_dependencies")


def check(live: Live, status: tuple[str, str], health: str) -> None:
    assert words(live) == (status[0], health, status[1])


def test_ready_running_and_done():
    live = Live(make_plan(TWO)).begin()
    check(live, READY, "healthy")
    live.start("a")
    check(live, READY, "healthy")
    live.start("b")
    check(live, BUSY, "healthy")
    live.succeed("a")
    live.succeed("b")
    check(live, DONE, "healthy")
    assert of(live).completion_percentage == 100.0


def test_a_task_without_steps_is_complete():
    live = Live(make_plan({})).begin()
    check(live, DONE, "healthy")
    assert of(live).completion_percentage == 100.0


def test_a_step_in_backoff_waits_and_is_recovering():
    live = Live(make_plan({"a": ()})).begin()
    live.run_badly("a")
    check(live, WAITS, "recovering")
    assert (of(live).waiting_steps, of(live).ready_steps, of(live).blocked_steps) == (1, 0, 0)
    live.now += 1_000  # due, though nobody has looked yet
    check(live, READY, "recovering")
    live.tell(Wake())
    check(live, READY, "healthy")


@pytest.mark.parametrize(
    ("step", "error"),
    [(ONCE, {}), ({"retryable": False, "retry_limit": 9}, {}), ({}, {"permanent": True})],
    ids=["exhausted", "not retryable", "permanent"],
)
def test_a_step_that_failed_for_good_is_blocked(step: dict, error: dict):
    live = Live(make_plan({"a": (), "b": ("a",)}, {"a": step})).begin()
    live.run_badly("a", **error)
    check(live, BLOCKED, "blocked")
    assert (of(live).blocked_steps, of(live).failed_steps) == (1, 1)


def test_a_cancelled_step_is_blocked_and_counted():
    live = Live(make_plan({"a": (), "b": ("a",)})).begin()
    live.tell(CancelStep(step="a"))
    check(live, BLOCKED, "blocked")
    assert (of(live).cancelled_steps, of(live).blocked_steps, of(live).failed_steps) == (1, 1, 0)


def test_one_failed_for_good_and_one_in_backoff_still_waits():
    live = Live(make_plan(TWO, {"a": ONCE})).begin()
    live.run_badly("a")
    live.run_badly("b")
    check(live, WAITS, "blocked")


def test_one_failed_for_good_and_one_ready():
    live = Live(make_plan(TWO, {"a": ONCE})).begin()
    live.run_badly("a")
    check(live, READY, "recovering")


def test_one_failed_for_good_and_one_running():
    live = Live(make_plan(TWO, {"a": ONCE})).begin()
    live.start("b")
    live.run_badly("a")
    check(live, BUSY, "blocked")


def test_one_in_backoff_and_one_running():
    live = Live(make_plan(TWO)).begin()
    live.start("b")
    live.run_badly("a")
    check(live, BUSY, "recovering")


def test_the_percentage_has_two_decimals():
    live = Live(make_plan({"a": (), "b": ("a",), "c": ("b",)})).begin()
    live.run("a")
    assert of(live).completion_percentage == 33.33


def test_the_counts_add_up():
    live = Live(make_plan(DIAMOND, {"b": ONCE})).begin()
    live.run("a")
    live.run_badly("b")
    live.start("c")
    status = of(live)
    by_state = (
        status.pending_steps,
        status.in_progress_steps,
        status.completed_steps,
        status.failed_steps,
        status.cancelled_steps,
    )
    assert by_state == (1, 1, 1, 1, 0)
    assert sum(by_state) == status.total_steps
