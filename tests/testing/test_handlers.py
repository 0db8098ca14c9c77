"""One handler in one line: what it returns, raises, and what would be recorded."""

from datetime import UTC, datetime

import pytest

from tasker import PermanentError, RetryableError, StepHandler
from tasker.errors import DefinitionError, EncodingError
from tasker.testing import attempt_handler, run_handler


class Charge(StepHandler):
    async def process(self, task, sequence, step):
        if task.context["card"] == "declined":
            raise PermanentError("declined", error_code="CARD_DECLINED")
        price = self.get_previous_step_data(sequence, "price", "total")
        return {"paid": price, "by": self.config["provider"], "attempt": step.attempt}


class Slow(StepHandler):
    def process(self, task, sequence, step):
        step.results = {"kept": True}
        raise RetryableError("busy", retry_after=7)


def double(price, task):
    return {"total": price["total"] * 2, "for": task.initiator}


async def dated():
    return {"at": datetime(2024, 1, 2, tzinfo=UTC), "pair": (1, 2)}


async def inputs_of(step):
    return step.inputs


async def test_a_class_gets_what_it_works_on():
    paid = await run_handler(
        Charge,
        context={"card": "good"},
        results={"price": {"total": 12}},
        config={"provider": "acme"},
        attempt=3,
    )
    assert paid == {"paid": 12, "by": "acme", "attempt": 3}


async def test_a_plain_function_and_its_parameters():
    doubled = await run_handler(double, results={"price": {"total": 6}}, initiator="ann")
    assert doubled == {"total": 12, "for": "ann"}


async def test_a_handler_by_its_name():
    assert await run_handler(f"{__name__}:inputs_of", context={"a": 1}) == {"a": 1}


async def test_inputs_take_the_place_of_the_context():
    assert await run_handler(inputs_of, context={"a": 1}, inputs=[1, 2]) == [1, 2]


async def test_results_are_what_the_next_step_receives():
    run = await attempt_handler(dated)
    assert run.results == {"at": "2024-01-02T00:00:00Z", "pair": [1, 2]}
    assert run.recorded == b'{"at":"2024-01-02T00:00:00Z","pair":[1,2]}'
    assert (run.raised, run.error) == (None, None)


async def test_what_it_raises_is_raised():
    with pytest.raises(PermanentError, match="declined") as caught:
        await run_handler(Charge, context={"card": "declined"})
    assert caught.value.error_code == "CARD_DECLINED"


async def test_a_failed_attempt_tells_what_would_be_recorded():
    run = await attempt_handler(Slow)
    assert isinstance(run.raised, RetryableError)
    assert run.error is not None
    assert (run.error.message, run.error.retry_after, run.error.permanent) == ("busy", 7.0, False)
    assert run.results == {"kept": True}


async def test_a_result_that_cannot_be_stored():
    async def opaque():
        return {"socket": object()}

    with pytest.raises(EncodingError, match="socket"):
        await run_handler(opaque)


async def test_what_is_no_handler_is_refused():
    with pytest.raises(DefinitionError, match="handler"):
        await run_handler(f"{__name__}:missing")
    with pytest.raises(DefinitionError, match="price"):
        await run_handler(double)


async def test_a_step_before_it_may_have_its_name():
    assert (await run_handler(double, results={"double": 0, "price": {"total": 1}}))["total"] == 2
