"""The verdict on a killed run finds what it is there to find."""

import re

import pytest

from tasker import define
from tasker.testing import testing_engine
from tests.engine.support import request
from tests.recovery.verdict import Effect, broken_promises, ending, read_ledger, read_outcomes


async def honest_run():
    """Return the ledger and the outcomes of a task that was left in peace."""
    effects = []
    definition = define("work")

    async def step(task, step):
        effects.append(Effect(task.task_id, step.name, step.attempt, "start"))
        if step.name == "b" and step.attempt == 1:
            raise ValueError("again")
        effects.append(Effect(task.task_id, step.name, step.attempt, "end"))

    definition.add_step("a", step)
    definition.add_step("b", step, depends_on=["a"])
    async with testing_engine(definition) as engine:
        task = await engine.run(request())
        return effects, await read_outcomes(engine, [task.task_id])


async def test_an_honest_run_breaks_no_promise():
    effects, outcomes = await honest_run()
    assert len(effects) == 5
    assert broken_promises(effects, outcomes) == []
    (outcome,) = outcomes.values()
    assert ending(outcome.task) == ("complete", {"a": ("complete", None), "b": ("complete", None)})


@pytest.mark.parametrize(
    ("step", "attempt", "found"),
    [
        ("a", 1, ["attempt 1 of a of", "a of .* ran 2 times in 1 recorded"]),
        ("a", 2, ["a of .* ran 2 times in 1 recorded", "a of .* went on after"]),
        ("b", 1, ["attempt 1 of b of", "b of .* ran 3 times in 2 recorded"]),
    ],
)
async def test_a_step_that_ran_again_is_found(step, attempt, found):
    effects, outcomes = await honest_run()
    again = Effect(effects[0].task_id, step, attempt, "start")
    problems = broken_promises([*effects, again], outcomes)
    assert len(problems) == len(found)
    for problem, pattern in zip(problems, found, strict=True):
        assert re.match(pattern, problem)


async def test_a_completion_without_its_work_is_found():
    effects, outcomes = await honest_run()
    problems = broken_promises([e for e in effects if e.phase == "start"], outcomes)
    assert [problem.split(" is ")[1] for problem in problems] == [
        "recorded as complete, and never got there"
    ] * 2


async def test_work_of_a_task_that_is_lost_is_found():
    effects, _ = await honest_run()
    assert "there is no such task" in broken_promises(effects, {})[0]


def test_a_ledger_is_read_line_by_line():
    assert read_ledger("t1 a 2 start\n") == [Effect("t1", "a", 2, "start")]
