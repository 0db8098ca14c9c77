"""Random graphs, outcomes, orders, operations, permits and crashes: what always holds."""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tasker.actors.batch import Batch
from tasker.actors.workflow.advance import advance, next_wake
from tasker.actors.workflow.decision import Decision
from tasker.actors.workflow.errors import InvalidOperationError
from tasker.actors.workflow.messages import (
    Annotate,
    AnyOperation,
    AttemptEnded,
    Cancel,
    CancelStep,
    Interrupt,
    Message,
    Pause,
    ResetAttempts,
    ResolveStep,
    ResolveTask,
    Resume,
    Retry,
    StartSteps,
    TakeUp,
    UpdateStep,
    UpdateTask,
    Wake,
)
from tasker.actors.workflow.outcome import AttemptFailed, AttemptResult, AttemptSucceeded
from tasker.actors.workflow.plan import Plan
from tasker.actors.workflow.retry import attempts_left
from tasker.actors.workflow.state import WorkflowState
from tasker.actors.workflow.states import AT_REST, SATISFYING, STEP_TRANSITIONS, TASK_TRANSITIONS
from tasker.stores.records import Append, ErrorRecord, StepRecord, StepState, TaskState
from tests.workflow.rules import NOW, check_counters, encoded, make_plan, make_task, raw

NAMES = "abcdefghijkl"
# The module: its name is that of the function, too.
rules = sys.modules[advance.__module__]


def decide(state: WorkflowState, message: Message, now: float) -> Decision:
    """Decide as `advance` does, and hold its short way to what its long one comes to."""
    decision = advance(state, message, now)
    with (
        patch.object(rules, "complete_step", lambda *_: None),
        patch.object(rules, "begin_task", lambda *_: None),
    ):
        assert _plain(advance(state, message, now)) == _plain(decision)
    return decision


def _plain(decision: Decision) -> dict[str, Any]:
    plain = msgspec.structs.asdict(decision)
    return {
        **plain,
        "recorded": sorted(plain["recorded"]),
        **{name: list(plain[name]) for name in ("transitions", "ready", "moves", "stops")},
        "annotations": list(plain["annotations"]),
    }


class Kept:
    """What a store holds of the task, by the words of `Append`; and what it means."""

    def __init__(self, plan: Plan, state: WorkflowState) -> None:
        self.plan = plan
        self.task = state.task
        self.steps: dict[str, StepRecord] = {}
        self.seq = 0

    def commit(self, append: Append) -> None:
        self.seq += 1
        assert append.seq == self.seq
        assert len({step.name for step in append.steps}) == len(append.steps)
        self.steps.update((step.name, step) for step in append.steps)
        if append.task is not None:
            self.task = msgspec.structs.replace(self.task, **msgspec.structs.asdict(append.task))

    def rebuilt(self) -> WorkflowState:
        return WorkflowState(
            task=self.task, plan=self.plan, steps=tuple(self.steps.values()), seq=self.seq
        )


class Run:
    """One task, driven as its supervisor would, and watched."""

    def __init__(self, plan: Plan, bypass: tuple[str, ...]) -> None:
        self.now = NOW
        self.state = WorkflowState(task=make_task(bypass_steps=bypass), plan=plan)
        self.kept = Kept(plan, self.state)
        self.moves = 0

    def tell(self, message: Message) -> Decision:
        before = encoded(self.state)
        try:
            decision = decide(self.state, message, self.now)
        except InvalidOperationError:
            assert encoded(self.state) == before
            return Decision()
        assert encoded(self.state) == before, "advance changed the state that it was given"
        self._check_transitions(decision)
        self._check_starts(message, decision)
        self.state.apply(decision)
        check_counters(self.state)
        assert set(decision.ready) <= self.state.ready
        self._check_not_stuck()
        self._commit(decision)
        return decision

    def _commit(self, decision: Decision) -> None:
        if not decision.durable:
            return
        batch = Batch(self.now)
        batch.add(decision)
        self.kept.commit(batch.to_append(self.state))
        self.state.seq = self.kept.seq
        assert what_matters(self.kept.rebuilt()) == what_matters(self.state)

    def _check_transitions(self, decision: Decision) -> None:
        states: dict[str, StepState] = {step.name: step.state for step in self.state.steps}
        task = self.state.head.state
        for move in decision.transitions:
            self.moves += 1
            if move.step is None:
                assert move.from_state == task
                assert move.to_state in TASK_TRANSITIONS[task]
                task = TaskState(move.to_state)
            else:
                assert move.from_state == states[move.step]
                assert move.to_state in STEP_TRANSITIONS[states[move.step]]
                states[move.step] = StepState(move.to_state)
        assert task is (decision.head or self.state.head).state
        for index, record in decision.steps.items():
            assert record.state is states[self.state.plan.steps[index].name]

    def _check_starts(self, message: Message, decision: Decision) -> None:
        for index, record in decision.steps.items():
            old = self.state.steps[index]
            assert record.attempts >= old.attempts
            assert record.forgiven <= record.attempts
            if record.attempts == old.attempts:
                continue
            step = self.state.plan.steps[index]
            assert isinstance(message, StartSteps)
            assert record.attempts == old.attempts + 1
            assert record.state is StepState.IN_PROGRESS
            assert self.state.head.state is TaskState.IN_PROGRESS
            assert attempts_left(step, old) >= 1, "an attempt over the limit"
            assert all(self.state.steps[p].state in SATISFYING for p in step.depends_on)

    def _check_not_stuck(self) -> None:
        if self.state.head.state is TaskState.IN_PROGRESS:
            assert self.state.ready or self.state.running or self.state.waiting
        if self.state.head.state in AT_REST:
            assert not self.state.running

    def crash(self) -> None:
        self.state = self.kept.rebuilt()
        check_counters(self.state)
        self.tell(TakeUp(interrupted="it died"))

    def end(self, index: int, result: AttemptResult) -> None:
        self.tell(AttemptEnded(index, self.state.steps[index].attempts, result))

    def finish(self, result: AttemptResult) -> None:
        """Go on to the end with one outcome for all: it must come."""
        if self.state.head.state is TaskState.PAUSED:
            self.tell(Resume())
        self.tell(TakeUp())
        bound = 3 + sum(
            2 + 2 * attempts_left(step, self.state.steps[step.index])
            for step in self.state.plan.steps
        )
        for _ in range(bound):
            if self.state.head.state in AT_REST:
                return
            self.tell(StartSteps(tuple(self.state.ready)))
            for index in sorted(self.state.running):
                self.end(index, result)
            if (at := next_wake(self.state)) is not None:
                self.now = max(self.now, at)
                self.tell(Wake())
        raise AssertionError(f"not at rest after {bound} rounds")


def what_matters(state: WorkflowState) -> Any:
    """All of a state but ``ready_at`` where no store has to keep it."""
    return (
        state.head,
        state.seq,
        [msgspec.structs.replace(step, ready_at=None) for step in state.steps],
        state.remaining,
        state.counts,
        state.ready,
        state.running,
        state.waiting,
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    count = draw(st.integers(0, 12))
    edges: dict[str, list[str]] = {}
    more: dict[str, dict[str, Any]] = {}
    for i in range(count):
        before = list(NAMES[:i])
        parents = (
            st.lists(st.sampled_from(before), unique=True, max_size=3) if before else st.just([])
        )
        edges[NAMES[i]] = draw(parents)
        more[NAMES[i]] = {
            "retry_limit": draw(st.integers(1, 3)),
            "retryable": draw(st.booleans() | st.just(True)),
        }
    return make_plan(
        edges, more, max_execution_seconds=draw(st.sampled_from([None, None, 20.0, 600.0]))
    )


def failures() -> st.SearchStrategy[AttemptResult]:
    return st.builds(
        lambda permanent, after: AttemptFailed(
            error=ErrorRecord(error_class="E", message="m", permanent=permanent, retry_after=after)
        ),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([None, None, 0.0, 5.0]),
    )


RESULTS = st.one_of(st.just(AttemptSucceeded(raw(1))), failures())


def operations(step: str) -> st.SearchStrategy[AnyOperation]:
    return st.sampled_from(
        [
            Pause(),
            Pause(),
            Resume(),
            Resume(),
            Retry(),
            Retry(step=step),
            ResetAttempts(step=step),
            UpdateStep(step=step, retry_limit=1),
            UpdateStep(step=step, retry_limit=4),
            UpdateStep(step=step, inputs=raw({})),
            ResolveStep(step=step),
            CancelStep(step=step),
            ResolveTask(),
            UpdateTask(tags=("t",)),
            Annotate(type="t", annotation=raw({})),
            Cancel(),
        ]
    )


def one_turn(run: Run, data: st.DataObject) -> None:
    kind = data.draw(
        st.sampled_from(["start", "start", "end", "end", "end", "wake", "operate", "odd", "crash"])
    )
    state = run.state
    if kind == "start" and state.ready:
        # As many as there are permits, in whatever order they come.
        chosen = data.draw(st.lists(st.sampled_from(sorted(state.ready)), max_size=4))
        run.tell(StartSteps(tuple(chosen)))
    elif kind == "end" and state.running:
        run.end(data.draw(st.sampled_from(sorted(state.running))), data.draw(RESULTS))
    elif kind == "wake":
        run.now += data.draw(st.sampled_from([0.5, 3.0, 40.0]))
        run.tell(Wake())
    elif kind == "operate" and state.plan.steps:
        name = data.draw(st.sampled_from([step.name for step in state.plan.steps]))
        run.tell(data.draw(operations(name)))
    elif kind == "odd" and state.plan.steps:
        index = data.draw(st.integers(0, len(state.plan.steps) - 1))
        odd: list[Message] = [
            TakeUp(),
            Interrupt("stop"),
            StartSteps((index, index)),
            AttemptEnded(index, 1, AttemptSucceeded(raw("late"))),
            AttemptEnded(index, 99, AttemptSucceeded(raw("never"))),
        ]
        run.tell(data.draw(st.sampled_from(odd)))
    elif kind == "crash":
        run.crash()


@settings(max_examples=400)
@given(plan=plans(), data=st.data())
def test_whatever_happens(plan: Plan, data: st.DataObject):
    names = [step.name for step in plan.steps]
    bypass = data.draw(
        st.lists(st.sampled_from(names), unique=True, max_size=2) if names else st.just([])
    )
    run = Run(plan, tuple(bypass))
    run.tell(TakeUp())
    for _ in range(data.draw(st.integers(0, 25))):
        one_turn(run, data)
    run.finish(data.draw(RESULTS))


@settings(max_examples=100)
@given(plan=plans())
def test_a_task_in_which_everything_works_completes_with_one_attempt_each(plan: Plan):
    plan = msgspec.structs.replace(plan, max_execution_seconds=None)
    run = Run(plan, ())
    run.tell(TakeUp())
    run.finish(AttemptSucceeded(raw(1)))
    assert run.state.head.state is TaskState.COMPLETE
    assert all(step.attempts == 1 for step in run.state.steps)
    assert run.moves == 2 + 2 * len(plan.steps)


@settings(max_examples=100)
@given(plan=plans(), data=st.data())
def test_a_task_ends_in_error_exactly_when_a_step_failed_for_good(plan: Plan, data: st.DataObject):
    plan = msgspec.structs.replace(plan, max_execution_seconds=None)
    run = Run(plan, ())
    run.tell(TakeUp())
    while run.state.head.state is TaskState.IN_PROGRESS:
        run.tell(StartSteps(tuple(run.state.ready)))
        for index in sorted(run.state.running):
            run.end(index, data.draw(RESULTS))
        run.now = max(run.now, next_wake(run.state) or 0)
        run.tell(Wake())
    failed = any(step.state is StepState.ERROR for step in run.state.steps)
    assert (run.state.head.state is TaskState.ERROR) == failed
    # Every branch that could move did: what is still pending has a failure above it.
    for step in plan.steps:
        if run.state.steps[step.index].state is StepState.PENDING:
            above = [run.state.steps[parent].state for parent in step.depends_on]
            assert any(state in (StepState.ERROR, StepState.PENDING) for state in above)
