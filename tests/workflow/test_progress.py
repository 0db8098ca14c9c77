"""Readiness, bypassing, failed branches, deadlines and the end of a task."""

import pytest

from tasker.actors.workflow.advance import next_wake
from tasker.actors.workflow.messages import Interrupt, Resume, Retry, StartSteps, TakeUp, Wake
from tasker.actors.workflow.messages import Pause as PauseTask
from tasker.actors.workflow.plan import Backoff
from tasker.stores.records import StepRecord, StepState, TaskState
from tests.workflow.rules import DIAMOND, NOW, Live, check_counters, make_plan, raw


def test_roots_are_offered_at_the_beginning():
    live = Live(make_plan({"a": (), "b": (), "c": ("a",)}))
    decision = live.tell(TakeUp())
    assert decision.ready == (0, 1)
    assert live.task_state() is TaskState.IN_PROGRESS
    assert live.state.head.started_at == NOW


def test_a_step_is_offered_when_its_last_dependency_is_satisfied():
    live = Live(make_plan(DIAMOND)).begin()
    assert live.run("a").ready == (1, 2)
    assert live.run("c").ready == ()
    assert live.run("b").ready == (3,)
    assert live.run("d").ends
    assert live.task_state() is TaskState.COMPLETE


@pytest.mark.parametrize("step", ["b", "d"])
def test_a_step_that_is_not_ready_does_not_start(step: str):
    live = Live(make_plan(DIAMOND)).begin()
    assert not live.start(step).durable
    assert live.states()[step] is StepState.PENDING


def test_a_step_named_twice_starts_once():
    live = Live(make_plan({"a": ()})).begin()
    decision = live.tell(StartSteps((0, 0)))
    assert live.state.step("a").attempts == 1
    assert len(decision.transitions) == 1


def test_nothing_starts_in_a_task_that_is_paused():
    live = Live(make_plan({"a": ()})).begin()
    live.tell(PauseTask())
    assert not live.start("a").durable


def test_bypassed_steps_count_as_done():
    live = Live(make_plan(DIAMOND), bypass_steps=("b", "a"))
    decision = live.tell(TakeUp())
    assert live.states()["a"] is live.states()["b"] is StepState.RESOLVED_MANUALLY
    assert decision.ready == (2,)
    assert [t.detail for t in decision.transitions if t.step] == [raw({"reason": "bypassed"})] * 2


def test_a_task_whose_steps_are_all_bypassed_completes_at_once():
    live = Live(make_plan({"a": ()}), bypass_steps=("a",)).begin()
    assert live.task_state() is TaskState.COMPLETE


def test_a_task_without_steps_completes_at_once():
    assert Live(make_plan({})).begin().task_state() is TaskState.COMPLETE


def test_the_other_branches_go_on_after_one_has_failed_for_good():
    edges = {"a": (), "b": (), "c": ("b",), "d": ("a", "c")}
    live = Live(make_plan(edges, {"a": {"retry_limit": 1}})).begin()
    live.run_badly("a")
    assert live.task_state() is TaskState.IN_PROGRESS
    assert live.run("b").ready == (2,)
    decision = live.run("c")
    assert live.task_state() is TaskState.ERROR
    assert decision.transitions[-1].detail == raw({"reason": "steps failed", "steps": ["a"]})
    assert live.states()["d"] is StepState.PENDING


def test_a_task_waits_for_the_retry_of_another_branch_before_it_fails():
    live = Live(make_plan({"a": (), "b": ()}, {"a": {"retry_limit": 1}})).begin()
    live.run_badly("a")
    live.run_badly("b")
    assert live.task_state() is TaskState.IN_PROGRESS
    live.now += 10
    live.tell(Wake())
    live.run("b")
    assert live.task_state() is TaskState.ERROR


def test_taking_up_again_offers_what_is_ready_and_reopens_what_is_due():
    steps = [
        StepRecord(name="a", state=StepState.COMPLETE, attempts=1),
        StepRecord(name="b", state=StepState.ERROR, attempts=1, retry_at=NOW - 1),
    ]
    live = Live(make_plan(DIAMOND), steps=steps, state=TaskState.IN_PROGRESS, started_at=NOW)
    assert set(live.tell(TakeUp(interrupted="x")).ready) == {1, 2}
    check_counters(live.state)


def test_the_deadline_ends_the_task_and_what_runs():
    edges = {"a": (), "b": (), "c": (), "d": ("a",)}
    live = Live(make_plan(edges, max_execution_seconds=60, backoff=Backoff(jitter=0))).begin()
    live.start("a", "b")
    live.fail("b")
    assert next_wake(live.state) == NOW + 1
    live.now += 60
    decision = live.tell(Wake())
    assert live.task_state() is TaskState.ERROR
    assert decision.stops == [(0, 1)]
    assert b"max_execution_time of 60 s" in bytes(decision.transitions[-1].detail or b"")
    assert live.states() == {
        "a": StepState.ERROR,
        "b": StepState.ERROR,
        "c": StepState.PENDING,
        "d": StepState.PENDING,
    }
    assert not live.state.waiting
    assert next_wake(live.state) is None


def test_the_deadline_is_a_wake_and_does_not_come_early():
    live = Live(make_plan({"a": ()}, max_execution_seconds=60)).begin()
    live.start("a")
    assert next_wake(live.state) == NOW + 60
    live.now += 59.9
    assert not live.tell(Wake()).durable


def test_a_retry_of_a_task_that_was_late_gives_it_the_whole_time_again():
    live = Live(make_plan({"a": (), "b": ("a",)}, max_execution_seconds=60)).begin()
    live.start("a")
    live.now += 61
    live.tell(Wake())
    live.tell(Retry())
    assert next_wake(live.state) == live.now + 60
    live.run("a")
    live.run("b")
    assert live.task_state() is TaskState.COMPLETE


def test_a_paused_task_wants_no_wake_and_is_late_when_it_is_resumed():
    live = Live(make_plan({"a": ()}, max_execution_seconds=60)).begin()
    live.tell(PauseTask())
    assert next_wake(live.state) is None
    live.now += 61
    live.tell(Resume())
    assert next_wake(live.state) == NOW + 60
    live.tell(Wake())
    assert live.task_state() is TaskState.ERROR


def test_an_interrupt_of_a_task_in_which_nothing_runs_changes_nothing():
    live = Live(make_plan({"a": ()})).begin()
    assert not live.tell(Interrupt("stop")).durable


def loaded(*done: tuple[str, float | None], **task):
    """Return a diamond that was begun at `NOW` and loaded later, with steps done by instants."""
    records = [
        StepRecord(name=name, state=StepState.COMPLETE, attempts=1, ready_at=NOW, ended_at=at)
        for name, at in done
    ]
    begun = {"state": TaskState.IN_PROGRESS, "started_at": NOW} | task
    return Live(make_plan(DIAMOND), steps=records, now=NOW + 60, **begun).begin()


def test_a_step_that_was_ready_before_its_task_was_loaded_says_since_when():
    live = loaded(("a", NOW + 5), ("b", NOW + 9), ("c", NOW + 7))
    live.start("d")
    assert live.state.step("d").ready_at == NOW + 9
    assert live.state.step("d").started_at == NOW + 60
    # A task that was taken back to work later than that began then.
    live = loaded(("a", NOW + 5), started_at=NOW + 30)
    live.start("b")
    assert live.state.step("b").ready_at == NOW + 30


def test_a_root_is_ready_since_its_task_began():
    live = loaded()
    live.start("a")
    assert live.state.step("a").ready_at == NOW


def test_a_dependency_that_was_bypassed_ended_at_no_time():
    live = loaded(("a", None))
    live.start("b")
    assert live.state.step("b").ready_at == NOW
