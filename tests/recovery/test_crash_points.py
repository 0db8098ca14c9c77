"""Stopped at every boundary of the journal, before and after: it ends as if it never was."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from tasker import PermanentError, RetryableError, StepState, TaskState, define
from tasker.definitions.python import DefinitionBuilder
from tests.recovery.crash import Ledger, Outcome, Stop, run_to_the_end

LIMIT = 6
"""Attempts enough for every failure of a step's own, and every stop."""


def checkout(ledger: Ledger) -> DefinitionBuilder:
    """Define the e-commerce checkout, whose payment is asked to come back once."""
    job = define("checkout")

    @job.step(retry_limit=LIMIT)
    async def validate_cart(task: Any, step: Any) -> dict[str, Any]:
        ledger.note("validate_cart", step.attempt)
        return {"total": sum(task.context["cart"])}

    @job.step(depends_on="validate_cart", retry_limit=LIMIT)
    async def process_payment(validate_cart: Any, step: Any) -> dict[str, Any]:
        ledger.note("process_payment", step.attempt)
        if step.attempt == 1:
            raise RetryableError("busy", retry_after=5)
        return {"paid": validate_cart["total"]}

    @job.step(depends_on="process_payment", retry_limit=LIMIT)
    async def update_inventory(validate_cart: Any, step: Any) -> dict[str, Any]:
        ledger.note("update_inventory", step.attempt)
        return {"reserved": validate_cart["total"]}

    @job.step(depends_on="update_inventory", retry_limit=LIMIT)
    async def create_order(process_payment: Any, step: Any) -> dict[str, Any]:
        ledger.note("create_order", step.attempt)
        return {"order": process_payment["paid"] * 10}

    @job.step(depends_on="create_order", retry_limit=LIMIT)
    async def send_confirmation(create_order: Any, step: Any) -> dict[str, Any]:
        ledger.note("send_confirmation", step.attempt)
        return {"sent": create_order["order"]}

    return job


def generated(seed: int) -> Any:
    """Return what defines a graph of up to nine steps, some of which fail, once or for good."""

    def make(ledger: Ledger) -> DefinitionBuilder:
        chance = random.Random(seed)
        job = define(f"generated-{seed}")
        names: list[str] = []
        for n in range(chance.randint(3, 9)):
            name = f"s{n}"
            parents = chance.sample(names, min(len(names), chance.randint(0, 3)))
            kind = chance.choices(["works", "fails once", "fails for good"], [8, 3, 1])[0]
            handler = handler_for(ledger, name, kind, parents)
            job.add_step(name, handler, depends_on=tuple(parents), retry_limit=LIMIT)
            names.append(name)
        return job

    return make


def handler_for(ledger: Ledger, name: str, kind: str, parents: list[str]) -> Any:
    async def process(sequence: Any, step: Any) -> Any:
        ledger.note(name, step.attempt)
        if kind == "fails for good":
            raise PermanentError("never")
        if kind == "fails once" and step.attempt == 1:
            raise ValueError("once")
        return 1 + sum(sequence.find_step_by_name(each).results for each in parents)

    return process


SIDES = (False, True)
SHAPES = {"checkout": checkout, **{f"generated {seed}": generated(seed) for seed in range(12)}}


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_stop_at_any_boundary_changes_nothing(shape: str):
    whole = await run_to_the_end(SHAPES[shape])
    assert whole.lives == 1
    for commit in range(1, whole.commits + 1):
        for recorded in SIDES:
            stop = Stop(commit, recorded)
            check(whole, await run_to_the_end(SHAPES[shape], [stop]), stop)


@pytest.mark.parametrize("shape", ["checkout", "generated 3"])
async def test_two_stops_in_one_run_change_nothing(shape: str):
    whole = await run_to_the_end(SHAPES[shape])
    places = itertools.combinations(range(1, whole.commits + 1), 2)
    sides = itertools.product(SIDES, SIDES)
    chance = random.Random(7)
    pairs = chance.sample(list(itertools.product(places, sides)), 40)
    for (first, second), (one, other) in pairs:
        stops = Stop(first, one), Stop(second, other)
        check(whole, await run_to_the_end(SHAPES[shape], stops), *stops)


def check(whole: Outcome, stopped: Outcome, *stops: Stop) -> None:
    told = " and ".join(map(str, stops))
    assert stopped.what_matters() == whole.what_matters(), told
    # A stop after the last append finds the work done.
    assert stopped.lives == 1 + len(stops), told


async def test_the_checkout_that_is_compared_with_is_the_one_meant():
    whole = await run_to_the_end(checkout)
    assert whole.task.state is TaskState.COMPLETE
    assert whole.task.results["send_confirmation"] == {"sent": 70}
    assert [step for step, _ in whole.effects] == [
        "validate_cart",
        "process_payment",
        "process_payment",
        "update_inventory",
        "create_order",
        "send_confirmation",
    ]


async def test_the_generated_graphs_complete_and_fail():
    states = {(await run_to_the_end(generated(seed))).task.state for seed in range(6)}
    assert states == {TaskState.COMPLETE, TaskState.ERROR}


async def test_an_attempt_that_runs_at_the_stop_is_counted_and_tried_again():
    # The commit that would have recorded the first step is stopped before it is made.
    outcome = await run_to_the_end(checkout, [Stop(2, recorded=False)])
    assert outcome.effects[:2] == (("validate_cart", 1), ("validate_cart", 2))
    step = outcome.task.step("validate_cart")
    assert (step.state, step.attempts) == (StepState.COMPLETE, 2)


async def test_a_step_at_every_attempt_of_which_the_process_dies_ends_in_error():
    def deadly(ledger: Ledger) -> DefinitionBuilder:
        job = define("deadly")

        @job.step(retry_limit=2)
        async def kill(step: Any) -> None:
            ledger.note("kill", step.attempt)

        return job

    # Commits: created and started, its result, taken up again, started again, its result.
    stops = [Stop(2, recorded=False), Stop(5, recorded=False)]
    outcome = await run_to_the_end(deadly, stops)
    assert outcome.task.state is TaskState.ERROR
    assert outcome.effects == (("kill", 1), ("kill", 2))
    assert outcome.task.step("kill").attempts == 2
