"""Whether a failed step is tried again, when, and how often."""

import pytest

from tasker.actors.workflow.messages import Interrupt, TakeUp, Wake
from tasker.actors.workflow.plan import Backoff, StepPlan
from tasker.actors.workflow.retry import attempts_left, retry_delay
from tasker.stores.records import ErrorRecord, StepRecord, StepState, TaskState
from tests.workflow.rules import NOW, Live, make_plan, raw

PLAIN = Backoff(jitter=0.0)
ERROR = ErrorRecord(error_class="E", message="m")


def executions(*, fails: int, **step: object) -> int:
    """Return how often a step runs that fails so many times and then succeeds."""
    live = Live(make_plan({"a": ()}, {"a": step})).begin()
    ran = 0
    while live.ready():
        ran += 1
        if ran <= fails:
            live.run_badly("a")
        else:
            live.run("a")
        live.now += 1_000
        live.tell(Wake())
    assert live.task_state() in (TaskState.COMPLETE, TaskState.ERROR)
    assert (live.task_state() is TaskState.COMPLETE) == (ran > fails)
    return ran


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_the_limit_counts_executions(limit: int):
    assert executions(fails=99, retry_limit=limit) == limit
    assert executions(fails=limit - 1, retry_limit=limit) == limit
    assert executions(fails=0, retry_limit=limit) == 1


def test_a_step_that_is_not_retryable_runs_once():
    assert executions(fails=99, retryable=False, retry_limit=5) == 1


def test_the_default_is_three_executions():
    assert executions(fails=99) == 3


def test_a_permanent_failure_ends_retries_at_once():
    live = Live(make_plan({"a": ()}, {"a": {"retry_limit": 9}})).begin()
    live.run_badly("a", permanent=True)
    record = live.state.step("a")
    assert (record.permanent, record.retry_at) == (True, None)
    assert live.task_state() is TaskState.ERROR


@pytest.mark.parametrize(
    ("record", "left"),
    [
        (StepRecord(name="a"), 3),
        (StepRecord(name="a", attempts=2), 1),
        (StepRecord(name="a", attempts=5), 0),
        (StepRecord(name="a", attempts=5, forgiven=4), 2),
        (StepRecord(name="a", attempts=1, permanent=True), 0),
        (StepRecord(name="a", attempts=1, retry_limit=2), 1),
    ],
)
def test_attempts_left(record: StepRecord, left: int):
    assert attempts_left(StepPlan(name="a", index=0), record) == left


def test_the_list_comes_first_and_then_the_square():
    delays = [retry_delay(PLAIN, ERROR, failures=n, seed="") for n in range(1, 19)]
    assert delays[:6] == [1, 2, 4, 8, 16, 32]
    assert delays[6:] == [min(n**2, 300) for n in range(7, 19)]


def test_jitter_spreads_by_a_tenth_either_way_and_is_the_same_for_the_same_seed():
    spread = [retry_delay(Backoff(), ERROR, failures=5, seed=f"task-{n}") for n in range(2_000)]
    assert 14.4 <= min(spread) < 14.5
    assert 17.5 < max(spread) <= 17.6
    assert abs(sum(spread) / len(spread) - 16) < 0.1
    again = [retry_delay(Backoff(), ERROR, failures=5, seed=f"task-{n}") for n in range(2_000)]
    assert again == spread


def test_the_cap_holds_after_the_jitter():
    spread = [retry_delay(Backoff(), ERROR, failures=18, seed=str(n)) for n in range(500)]
    assert max(spread) == 300.0
    assert min(spread) == pytest.approx(18**2 * 0.9, rel=0.01)  # 324 less 10 % is under the cap
    far = {retry_delay(Backoff(), ERROR, failures=40, seed=str(n)) for n in range(500)}
    assert far == {300.0}


@pytest.mark.parametrize(("asked", "given"), [(7.5, 7.5), (0.0, 0.0), (-3.0, 0.0), (4e6, 300.0)])
def test_what_the_failing_side_asks_for_wins(asked: float, given: float):
    error = ErrorRecord(error_class="E", message="m", retry_after=asked)
    assert retry_delay(Backoff(), error, failures=1, seed="x") == given


def test_a_failure_says_when_the_next_attempt_is_due():
    live = Live(make_plan({"a": ()}, backoff=PLAIN)).begin()
    live.run_badly("a")
    assert live.state.step("a").retry_at == NOW + 1
    live.now += 1
    live.tell(Wake())
    live.run_badly("a", retry_after=12.0)
    assert live.state.step("a").retry_at == NOW + 13


def test_forgiven_attempts_do_not_lengthen_the_backoff():
    step = StepRecord(name="a", attempts=4, forgiven=4)
    live = Live(make_plan({"a": ()}, backoff=PLAIN), steps=[step]).begin()
    live.run_badly("a")
    assert live.state.step("a").retry_at == NOW + 1


def test_a_wake_that_comes_early_changes_nothing():
    live = Live(make_plan({"a": ()}, backoff=PLAIN)).begin()
    live.run_badly("a")
    live.now += 0.5
    assert not live.tell(Wake()).durable
    assert live.states()["a"] is StepState.ERROR


def test_a_failed_attempt_keeps_the_results_that_it_had_set():
    from tasker.actors.workflow.messages import AttemptEnded
    from tasker.actors.workflow.outcome import AttemptFailed

    live = Live(make_plan({"a": ()})).begin()
    live.start("a")
    live.tell(AttemptEnded(0, 1, AttemptFailed(error=ERROR, results=raw({"half": 1}))))
    assert live.state.step("a").results == raw({"half": 1})
    live.now += 10
    live.tell(Wake())
    live.run_badly("a")
    assert live.state.step("a").results == raw({"half": 1})


def test_success_clears_the_error():
    live = Live(make_plan({"a": ()})).begin()
    live.run_badly("a")
    live.now += 10
    live.tell(Wake())
    live.run("a")
    record = live.state.step("a")
    assert (record.error, record.retry_at, record.attempts) == (None, None, 2)


@pytest.mark.parametrize("message", [TakeUp(interrupted="gone"), Interrupt("stop")], ids=str)
def test_an_interrupted_attempt_counts(message: TakeUp | Interrupt):
    live = Live(make_plan({"a": ()}, {"a": {"retry_limit": 2}}, backoff=PLAIN)).begin()
    live.start("a")
    decision = live.tell(message)
    assert decision.stops == [(0, 1)]
    record = live.state.step("a")
    assert (record.state, record.attempts, record.retry_at) == (StepState.ERROR, 1, NOW + 1)
    live.now += 1
    live.tell(Wake())
    live.start("a")
    live.tell(message)
    assert live.task_state() is TaskState.ERROR


def test_an_outcome_of_another_attempt_counts_for_nothing():
    from tasker.actors.workflow.messages import AttemptEnded
    from tasker.actors.workflow.outcome import AttemptSucceeded

    live = Live(make_plan({"a": ()})).begin()
    live.start("a")
    assert not live.tell(AttemptEnded(0, 2, AttemptSucceeded(raw(1)))).durable
    live.succeed("a")
    assert not live.tell(AttemptEnded(0, 1, AttemptSucceeded(raw(2)))).durable
    assert live.state.step("a").results == raw(None)
