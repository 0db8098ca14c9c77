"""What people do to tasks: each verb, where it is legal, and what is kept."""

import threading

import anyio
import pytest

from tasker import PermanentError, RetryableError, define
from tasker.errors import (
    InvalidOperationError,
    InvalidRequestError,
    TaskChangedError,
    UnknownDefinitionError,
    UnknownStepError,
)
from tasker.testing import ManualClock, testing_engine
from tests.engine.support import Gate, one_step, request


class Flaky:
    """A handler that fails until it is mended, and counts its calls."""

    def __init__(self, error=None):
        self.error = error or ValueError("broken")
        self.calls = 0
        self.inputs = []

    @property
    def work(self):
        async def work(step):
            self.calls += 1
            self.inputs.append(step.inputs)
            if self.error is not None:
                raise self.error
            return self.calls

        return work


def chain(flaky, **options):
    """Return first -> flaky -> last."""
    definition = define("work")
    calls = []

    @definition.step
    async def first():
        calls.append("first")
        return "kept"

    definition.add_step("flaky", flaky.work, depends_on=["first"], **options)

    @definition.step(depends_on=["flaky"])
    async def last(first):
        return first

    return definition, calls


async def test_cancelling_stops_what_runs_and_starts_nothing_more():
    gate = Gate()
    definition = gate.definition()

    @definition.step(depends_on=["step"])
    async def after():
        raise AssertionError("a step of a cancelled task ran")

    async with testing_engine(definition) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        assert await engine.cancel(task_id, by="ann", reason="mistake") == "cancelled"
        await gate.until(left=1)
        assert gate.left == ["cancelled"]
        task = await engine.wait(task_id)
        assert [step.state for step in task.steps] == ["cancelled", "cancelled"]
        last = (await engine.history(task_id))[-1]
        assert (last.to_state, last.detail) == ("cancelled", {"by": "ann", "reason": "mistake"})
        assert engine.health().permits.in_use == 0


async def test_cancelling_does_not_wait_for_a_thread():
    hold, entered = threading.Event(), threading.Event()

    def step():
        entered.set()
        hold.wait(20)

    async with testing_engine(one_step(handler=step)) as engine:
        task_id = await engine.submit(request())
        await anyio.to_thread.run_sync(entered.wait, 20)
        assert await engine.cancel(task_id) == "cancelled"
        assert not hold.is_set()
        hold.set()


async def test_cancelling_in_a_backoff():
    async with testing_engine(one_step(handler=Flaky().work), clock=ManualClock()) as engine:
        task_id = await engine.submit(request())
        await engine.clock.advance(0.1)
        assert await engine.cancel(task_id) == "cancelled"
        await engine.clock.advance(1000)
        task = await engine.get(task_id)
        assert (task.state, task.step("step").attempts) == ("cancelled", 1)


async def test_a_paused_task_starts_nothing_until_it_is_resumed():
    gate = Gate()
    definition = gate.definition()

    @definition.step(depends_on=["step"])
    async def after():
        return "done"

    async with testing_engine(definition) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        assert await engine.pause(task_id) == "paused"
        assert gate.left == []  # what runs may finish
        gate.open()
        await gate.until(left=1)
        await engine.clock.advance(1000)
        task = await engine.get(task_id)
        assert (task.state, task.step("step").state) == ("paused", "complete")
        assert task.step("after").state == "pending"
        assert engine.health().tasks.resident == 0
        assert await engine.resume(task_id) == "in_progress"
        assert (await engine.wait(task_id)).results["after"] == "done"


async def test_retrying_keeps_what_is_done():
    flaky = Flaky()
    definition, calls = chain(flaky, retry_limit=2)
    async with testing_engine(definition) as engine:
        task_id = await engine.submit(request())
        assert (await engine.wait(task_id)).state == "error"
        assert flaky.calls == 2
        flaky.error = None
        assert await engine.retry(task_id, "flaky") == "in_progress"
        task = await engine.wait(task_id)
        assert (task.state, task.results["last"]) == ("complete", "kept")
        assert calls == ["first"]
        assert task.step("flaky").attempts == 3


async def test_retrying_a_permanent_failure_gives_the_whole_limit_again():
    flaky = Flaky(PermanentError("no such card"))
    definition, _ = chain(flaky, retry_limit=3)
    async with testing_engine(definition) as engine:
        task_id = await engine.submit(request())
        assert (await engine.wait(task_id)).step("flaky").attempts == 1
        flaky.error = RetryableError("busy")
        await engine.retry(task_id)
        task = await engine.wait(task_id)
        assert (task.state, task.step("flaky").attempts) == ("error", 4)


async def test_retrying_ends_a_backoff():
    flaky = Flaky()
    async with testing_engine(one_step(handler=flaky.work), clock=ManualClock()) as engine:
        task_id = await engine.submit(request())
        await engine.clock.advance(0.1)
        flaky.error = None
        await engine.retry(task_id, "step")
        with anyio.fail_after(20):
            assert (await engine.wait(task_id)).step("step").attempts == 2


async def test_reset_attempts_do_not_count():
    flaky = Flaky()
    definition = one_step(handler=flaky.work, retry_limit=2)
    async with testing_engine(definition, clock=ManualClock()) as engine:
        task_id = await engine.submit(request())
        await engine.clock.advance(0.1)
        assert (await engine.get(task_id)).step("step").attempts_left == 1
        await engine.reset_attempts(task_id, "step")
        assert (await engine.get(task_id)).step("step").attempts_left == 2
        await engine.clock.advance(1000)
        task = await engine.wait(task_id)
        assert (task.state, task.step("step").attempts) == ("error", 3)


async def test_a_changed_limit_and_inputs_hold_for_the_next_attempt():
    flaky = Flaky()
    definition = one_step(handler=flaky.work, retry_limit=2)
    async with testing_engine(definition, clock=ManualClock()) as engine:
        task_id = await engine.submit(request(context={"n": 1}))
        await engine.clock.advance(0.1)
        await engine.update_step(task_id, "step", retry_limit=4, inputs={"n": 2})
        await engine.clock.advance(1000)
        task = await engine.wait(task_id)
        assert task.step("step").attempts == task.step("step").retry_limit == 4
        assert flaky.inputs == [{"n": 1}, {"n": 2}, {"n": 2}, {"n": 2}]


async def test_an_update_must_change_something_that_can_be():
    async with testing_engine(one_step()) as engine:
        with pytest.raises(InvalidRequestError, match="retry_limit or inputs"):
            await engine.update_step("x", "step")
        with pytest.raises(InvalidRequestError, match="retry_limit is 0"):
            await engine.update_step("x", "step", retry_limit=0)


async def test_a_step_resolved_by_hand_lets_the_task_go_on():
    definition, calls = chain(Flaky(), retry_limit=1)

    @definition.step
    async def end(flaky, last):
        return flaky

    async with testing_engine(definition) as engine:
        task_id = await engine.submit(request())
        assert (await engine.wait(task_id)).state == "error"
        await engine.resolve_step(task_id, "flaky", results={"by": "hand"}, by="ann")
        task = await engine.wait(task_id)
        assert task.step("flaky").state == "resolved_manually"
        assert (task.state, task.results["end"]) == ("complete", {"by": "hand"})
        assert calls == ["first"]


async def test_a_task_resolved_by_hand_is_at_rest():
    definition, _ = chain(Flaky(), retry_limit=1)
    async with testing_engine(definition) as engine:
        task_id = await engine.submit(request())
        await engine.wait(task_id)
        assert await engine.resolve_task(task_id) == "resolved_manually"
        assert (await engine.get(task_id)).step("last").state == "pending"
        with pytest.raises(InvalidOperationError):
            await engine.retry(task_id)


async def test_a_cancelled_step_ends_the_task_in_error():
    gate = Gate()
    definition = gate.definition()

    @definition.step
    async def other():
        return 1

    async with testing_engine(definition) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        await engine.cancel_step(task_id, "step")
        task = await engine.wait(task_id)
        assert gate.left == ["cancelled"]
        assert task.state == "error"
        assert (task.step("step").state, task.step("other").state) == ("cancelled", "complete")


async def _at(engine, state):
    """Return a task that is in this state."""
    if state == "in_progress":
        return await engine.submit(request("hanging"))
    if state == "paused":
        task_id = await engine.submit(request("hanging"))
        await engine.pause(task_id)
        return task_id
    if state == "cancelled":
        task_id = await engine.submit(request("hanging"))
        await engine.cancel(task_id)
        return task_id
    name = "bad" if state in ("error", "resolved_manually") else "good"
    task = await engine.run(request(name))
    if state == "resolved_manually":
        await engine.resolve_task(task.task_id)
    return task.task_id


ILLEGAL = [
    ("cancel", "complete"),
    ("cancel", "error"),
    ("cancel", "cancelled"),
    ("cancel", "resolved_manually"),
    ("pause", "paused"),
    ("pause", "complete"),
    ("pause", "error"),
    ("resume", "in_progress"),
    ("resume", "complete"),
    ("resume", "cancelled"),
    ("retry", "complete"),
    ("retry", "cancelled"),
    ("resolve_task", "in_progress"),
    ("resolve_task", "complete"),
    ("resolve_task", "resolved_manually"),
    ("cancel_step", "complete"),
    ("reset_attempts", "cancelled"),
    ("resolve_step", "complete"),
]


@pytest.mark.parametrize(("verb", "state"), ILLEGAL)
async def test_what_is_not_legal_names_the_operation_and_the_state(verb, state):
    definitions = [
        one_step("good"),
        one_step("bad", Flaky().work, retry_limit=1),
        Gate().definition("hanging"),
    ]
    async with testing_engine(definitions) as engine:
        task_id = await _at(engine, state)
        before = await engine.history(task_id)
        step = ["step"] if verb in ("cancel_step", "reset_attempts", "resolve_step") else []
        with pytest.raises(InvalidOperationError) as caught:
            await getattr(engine, verb)(task_id, *step)
        assert verb.split("_")[0] in str(caught.value)
        assert state in str(caught.value)
        assert task_id in str(caught.value)
        assert await engine.history(task_id) == before
        assert (await engine.get(task_id)).state == state


async def test_a_step_in_the_wrong_state_or_unknown_is_named():
    gate = Gate()
    async with testing_engine(gate.definition()) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        with pytest.raises(InvalidOperationError, match=r"step step.*in_progress"):
            await engine.retry(task_id, "step")
        with pytest.raises(InvalidOperationError, match=r"step step.*in_progress"):
            await engine.resolve_step(task_id, "step")
        with pytest.raises(UnknownStepError, match=r"lost.*step"):
            await engine.cancel_step(task_id, "lost")


async def test_two_operations_at_once_one_after_the_other():
    gate = Gate()
    async with testing_engine(gate.definition()) as engine:
        task_id = await engine.submit(request())
        outcomes: list[str] = []

        async def cancel():
            try:
                outcomes.append(await engine.cancel(task_id))
            except InvalidOperationError:
                outcomes.append("refused")

        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(cancel)
        assert sorted(outcomes) == ["cancelled", "refused", "refused", "refused"]


async def test_tags_and_reason_change_whatever_the_state():
    async with testing_engine(one_step()) as engine:
        view = await engine.run(request(tags=["a"], reason="asked"))
        await engine.update_task(view.task_id, tags=["b"], by="ann")
        await engine.update_task(view.task_id, task_reason="audit")
        now = await engine.get(view.task_id)
        assert (now.tags, now.reason, now.state) == (("b",), "audit", "complete")
        with pytest.raises(InvalidRequestError, match="changes nothing"):
            await engine.update_task(view.task_id)


async def test_of_two_who_saw_the_same_task_the_second_is_refused():
    gate = Gate()
    async with testing_engine(gate.definition()) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        seen = (await engine.get(task_id)).workflow_state.seq
        outcomes = []

        async def update(tag):
            try:
                await engine.expecting(seen).update_task(task_id, tags=[tag])
                outcomes.append(tag)
            except TaskChangedError as error:
                outcomes.append((error.expected_seq, error.seq))

        # At the same time: both wait in one batch of the task's supervisor.
        async with anyio.create_task_group() as group:
            group.start_soon(update, "first")
            group.start_soon(update, "second")
        assert outcomes == ["first", (seen, seen + 1)] or outcomes == [(seen, seen + 1), "first"]
        assert (await engine.get(task_id)).tags == ("first",)
        await engine.expecting(seen + 1).cancel(task_id)


async def test_many_tasks_are_submitted_together_and_refused_one_by_one():
    async with testing_engine(one_step()) as engine:
        before = engine.health().journal.commits
        outcomes = await engine.submit_many([request(), request("unknown"), request()])
        assert engine.health().journal.commits - before <= 2
        assert isinstance(outcomes[1], UnknownDefinitionError)
        for task_id in map(str, (outcomes[0], outcomes[2])):
            assert (await engine.wait(task_id)).state == "complete"
