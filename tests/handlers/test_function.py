"""Function handlers: parameters filled by name."""

import pytest

from tasker.errors import HandlerError
from tasker.handlers.function import injected_names, plan_call
from tests.handlers.support import attempt, results_of


def test_injected_names_leaves_out_objects_and_stars():
    def step(task, reserve, *more, charge=None, sequence, step, **rest): ...

    assert injected_names(step) == ("reserve", "charge")


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_results_and_objects_are_injected(kind):
    async def async_step(task, reserve, step, sequence, price, other=3):
        return [task.context, reserve, step.name, len(sequence), price, other]

    def plain_step(task, reserve, step, sequence, price, other=3):
        return [task.context, reserve, step.name, len(sequence), price, other]

    handler = async_step if kind == "async" else plain_step
    result = await attempt(handler, context={"a": 1}, results={"reserve": {"id": 7}, "price": 9.5})
    assert results_of(result) == [{"a": 1}, {"id": 7}, "work", 3, 9.5, 3]


async def test_injected_results_are_a_copy_of_each_attempt():
    seen = []

    async def step(first, sequence):
        seen.append(first is sequence.results_of("first"))
        first.append(1)
        return first

    for _ in range(2):
        assert results_of(await attempt(step, results={"first": []})) == [1]
    assert seen == [True, True]


def test_an_unknown_parameter_is_refused_with_what_is_near():
    def step(reserv): ...

    with pytest.raises(HandlerError, match=r"'reserv' of step 'charge' is unknown.*'reserve'\?"):
        plan_call(step, reference="m:step", step="charge", upstream={"reserve", "price"})


def test_a_step_that_is_not_upstream_is_unknown():
    def step(later): ...

    with pytest.raises(HandlerError, match="is unknown: parameters may be named"):
        plan_call(step, reference="m:step", step="charge", upstream=())


def test_a_positional_only_parameter_is_refused():
    def step(task, /): ...

    with pytest.raises(HandlerError, match="positional-only"):
        plan_call(step, reference="m:step", step="charge", upstream=())
