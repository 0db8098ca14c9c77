"""Every operation in every state of the task, and of the step."""

import itertools
from typing import Any

import msgspec
import pytest

from tasker.actors.workflow.advance import advance
from tasker.actors.workflow.errors import InvalidOperationError, UnknownStepError
from tasker.actors.workflow.messages import (
    Annotate,
    Cancel,
    CancelStep,
    Pause,
    ResetAttempts,
    ResolveStep,
    ResolveTask,
    Resume,
    Retry,
    UpdateStep,
    UpdateTask,
)
from tasker.actors.workflow.operations import OPERATIONS
from tasker.stores.records import ErrorRecord, StepRecord, StepState, TaskState
from tests.workflow.rules import DIAMOND, NOW, Live, make_plan, raw

P, I, H, C, E, X, R = (  # noqa: E741
    TaskState.PENDING,
    TaskState.IN_PROGRESS,
    TaskState.PAUSED,
    TaskState.COMPLETE,
    TaskState.ERROR,
    TaskState.CANCELLED,
    TaskState.RESOLVED_MANUALLY,
)
# operation: (an example, the task states in which it is legal, the step states)
TABLE: dict[str, tuple[Any, set[TaskState], set[StepState] | None]] = {
    "cancel": (Cancel(), {P, I, H}, None),
    "pause": (Pause(), {P, I}, None),
    "resume": (Resume(), {H}, None),
    "retry": (Retry(), {I, H, E}, None),
    "retry a step": (Retry(step="b"), {I, H, E}, {StepState.ERROR}),
    "reset": (ResetAttempts(step="b"), {P, I, H, E}, {StepState.PENDING, StepState.ERROR}),
    "update": (
        UpdateStep(step="b", retry_limit=5),
        {P, I, H, E},
        {StepState.PENDING, StepState.ERROR},
    ),
    "resolve a step": (
        ResolveStep(step="b", results=raw(1)),
        {P, I, H, E},
        {StepState.PENDING, StepState.ERROR},
    ),
    "cancel a step": (
        CancelStep(step="b"),
        {P, I, H, E},
        {StepState.PENDING, StepState.IN_PROGRESS, StepState.ERROR},
    ),
    "resolve": (ResolveTask(), {E}, None),
    "update the task": (UpdateTask(tags=("urgent",)), set(TaskState), None),
    "annotate": (Annotate(type="note", annotation=raw({"k": 1})), set(TaskState), None),
}


def task_in(state: TaskState, step: StepState) -> Live:
    """A diamond whose ``a`` is complete, and whose ``b`` is as told."""
    b = StepRecord(
        name="b",
        state=step,
        attempts=0 if step is StepState.PENDING else 1,
        error=ErrorRecord(error_class="E", message="m") if step is StepState.ERROR else None,
    )
    a = StepRecord(name="a", state=StepState.COMPLETE, attempts=1)
    return Live(make_plan(DIAMOND), steps=[a, b], state=state, started_at=NOW)


def test_every_operation_has_a_row():
    assert {type(example) for example, _, _ in TABLE.values()} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("name", "state", "step"), list(itertools.product(TABLE, TaskState, StepState)), ids=str
)
def test_operation(name: str, state: TaskState, step: StepState):
    operation, tasks, steps = TABLE[name]
    live = task_in(state, step)
    if state not in tasks:
        with pytest.raises(InvalidOperationError, match=state) as caught:
            live.tell(operation)
        assert caught.value.state == state
        assert set(caught.value.legal) == tasks
    elif steps is not None and step not in steps:
        with pytest.raises(InvalidOperationError, match="step b") as caught:
            live.tell(operation)
        assert caught.value.state == step
        assert set(caught.value.legal) == steps
    else:
        assert live.tell(operation).durable or name == "retry"


@pytest.mark.parametrize(
    "operation",
    [pytest.param(op, id=name) for name, (op, _, steps) in TABLE.items() if steps is not None],
)
def test_an_unknown_step_is_named_with_the_known_ones(operation: Any):
    live = task_in(TaskState.ERROR, StepState.ERROR)
    wrong = msgspec.structs.replace(operation, step="z")
    with pytest.raises(UnknownStepError, match=r"'z'.*a, b, c, d"):
        live.tell(wrong)


def test_retry_of_a_failed_task_in_which_no_step_failed_is_refused():
    live = Live(make_plan({"a": ()})).begin()
    live.tell(CancelStep(step="a"))
    assert live.task_state() is TaskState.ERROR
    with pytest.raises(InvalidOperationError, match="no step of it has failed"):
        live.tell(Retry())


def test_retry_at_rest_keeps_what_is_done_and_gives_the_whole_limit_again():
    live = Live(make_plan(DIAMOND, {"b": {"retry_limit": 1}})).begin()
    live.run("a", {"kept": 1})
    live.run("c")
    live.run_badly("b")
    assert live.task_state() is TaskState.ERROR
    decision = live.tell(Retry(by="me"))
    assert live.task_state() is TaskState.IN_PROGRESS
    assert decision.ready == (live.index("b"),)
    assert live.state.step("a").results == raw({"kept": 1})
    assert live.state.step("b").forgiven == 1
    live.run("b")
    live.run("d")
    assert live.task_state() is TaskState.COMPLETE
    assert live.state.step("b").attempts == 2


def test_retry_of_a_step_that_waits_goes_at_once_and_forgives_nothing():
    live = Live(make_plan({"a": ()})).begin()
    live.run_badly("a")
    decision = live.tell(Retry(step="a"))
    assert decision.ready == (0,)
    assert live.state.step("a").forgiven == 0
    assert live.state.step("a").retry_at is None


def test_retry_of_one_of_two_failed_steps_leaves_the_other():
    plan = make_plan({"a": (), "b": ()}, {n: {"retry_limit": 1} for n in "ab"})
    live = Live(plan).begin()
    live.run_badly("a")
    live.run_badly("b")
    live.tell(Retry(step="a"))
    assert live.states() == {"a": StepState.PENDING, "b": StepState.ERROR}
    live.run("a")
    assert live.task_state() is TaskState.ERROR


def test_reset_revives_in_a_live_task_and_waits_for_retry_at_rest():
    plan = make_plan({"a": (), "b": ()}, {"a": {"retry_limit": 1}})
    live = Live(plan).begin()
    live.run_badly("a", permanent=True)
    decision = live.tell(ResetAttempts(step="a"))
    assert decision.ready == (0,)
    record = live.state.step("a")
    assert (record.state, record.forgiven, record.permanent) == (StepState.PENDING, 1, False)

    rest = Live(make_plan({"a": ()}, {"a": {"retry_limit": 1}})).begin()
    rest.run_badly("a")
    assert rest.tell(ResetAttempts(step="a")).ready == ()
    assert rest.task_state() is TaskState.ERROR
    assert rest.state.step("a").forgiven == 1


def test_raising_the_limit_revives_and_lowering_it_ends_a_retry():
    live = Live(make_plan({"a": (), "b": ()}, {"a": {"retry_limit": 1}})).begin()
    live.run_badly("a")
    assert live.tell(UpdateStep(step="a", retry_limit=2)).ready == (0,)

    lowered = Live(make_plan({"a": ()})).begin()
    lowered.run_badly("a")
    lowered.tell(UpdateStep(step="a", retry_limit=1))
    assert lowered.state.step("a").retry_at is None
    assert lowered.task_state() is TaskState.ERROR


def test_a_step_that_is_pending_again_keeps_just_its_promised_attempt():
    live = Live(make_plan({"a": ()}, {"a": {"retry_limit": 5}})).begin()
    for _ in range(3):
        live.run_badly("a")
        live.tell(Retry(step="a"))
    live.tell(UpdateStep(step="a", retry_limit=2))
    live.run_badly("a")
    assert live.state.step("a").retry_at is None
    assert live.task_state() is TaskState.ERROR


def test_update_changes_inputs_alone():
    live = Live(make_plan({"a": ()})).begin()
    live.tell(UpdateStep(step="a", inputs=raw({"x": 2})))
    record = live.state.step("a")
    assert (record.inputs, record.retry_limit) == (raw({"x": 2}), None)


def test_resolving_the_failed_step_takes_the_task_on():
    live = Live(make_plan({"a": (), "b": ("a",)}, {"a": {"retry_limit": 1}})).begin()
    live.run_badly("a")
    decision = live.tell(ResolveStep(step="a", results=raw({"by": "hand"})))
    assert decision.ready == (1,)
    assert live.task_state() is TaskState.IN_PROGRESS
    assert live.state.step("a").results == raw({"by": "hand"})
    live.run("b")
    assert live.task_state() is TaskState.COMPLETE


def test_resolving_the_last_failed_step_completes_the_task():
    live = Live(make_plan({"a": ()}, {"a": {"retry_limit": 1}})).begin()
    live.run_badly("a")
    live.tell(ResolveStep(step="a"))
    assert live.task_state() is TaskState.COMPLETE


def test_resolving_one_of_two_failed_steps_leaves_the_task_in_error():
    plan = make_plan({"a": (), "b": ()}, {n: {"retry_limit": 1} for n in "ab"})
    live = Live(plan).begin()
    live.run_badly("a")
    live.run_badly("b")
    live.tell(ResolveStep(step="a"))
    assert live.task_state() is TaskState.ERROR


def test_cancel_stops_what_runs_and_keeps_what_has_ended():
    live = Live(make_plan(DIAMOND)).begin()
    live.run("a")
    live.start("b")
    decision = live.tell(Cancel(by="me", reason="no more"))
    assert decision.stops == [(1, 1)]
    assert live.task_state() is TaskState.CANCELLED
    assert set(live.states().values()) == {StepState.COMPLETE, StepState.CANCELLED}
    assert live.states()["a"] is StepState.COMPLETE
    assert decision.transitions[-1].detail == raw({"by": "me", "reason": "no more"})
    assert not live.succeed("b").durable  # what the cancelled attempt says counts no more


def test_pause_lets_the_running_attempt_finish_and_resume_goes_on():
    live = Live(make_plan({"a": (), "b": ("a",)})).begin()
    live.start("a")
    assert live.tell(Pause()).stops == []
    assert live.succeed("a").ready == ()
    assert live.task_state() is TaskState.PAUSED
    assert live.tell(Resume()).ready == (1,)


def test_a_task_that_ran_out_of_steps_while_paused_completes_on_resume():
    live = Live(make_plan({"a": ()})).begin()
    live.start("a")
    live.tell(Pause())
    live.succeed("a")
    assert live.task_state() is TaskState.PAUSED
    live.tell(Resume())
    assert live.task_state() is TaskState.COMPLETE


def test_cancelling_a_step_holds_what_depends_on_it():
    live = Live(make_plan(DIAMOND)).begin()
    live.run("a")
    live.start("b")
    decision = live.tell(CancelStep(step="b"))
    assert decision.stops == [(1, 1)]
    assert live.task_state() is TaskState.IN_PROGRESS
    live.run("c")
    assert live.task_state() is TaskState.ERROR
    assert live.states()["d"] is StepState.PENDING


def test_an_operation_changes_nothing_in_the_state_it_was_asked_of():
    live = task_in(TaskState.IN_PROGRESS, StepState.ERROR)
    before = live.states()
    advance(live.state, Cancel(), NOW)
    assert live.states() == before


def test_a_task_keeps_what_an_update_of_it_leaves_out():
    live = task_in(TaskState.COMPLETE, StepState.COMPLETE)
    live.tell(UpdateTask(tags=("urgent",)))
    decision = live.tell(UpdateTask(task_reason="audit"))
    assert decision.durable
    assert (live.state.task.reason, live.state.task.tags) == ("audit", ("urgent",))
