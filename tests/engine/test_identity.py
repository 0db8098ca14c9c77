"""When two requests are the same task."""

import pytest

from tasker import DuplicateTaskError, EngineConfig, TaskQuery
from tasker.errors import HandlerError
from tasker.testing import testing_engine
from tests.engine.support import one_step, request

HASH = EngineConfig(identity="hash", identity_window_seconds=60, shutdown_seconds=0)


class ByOrder:
    """One task for an order, whatever else is asked."""

    def identity(self, request, version):
        order = request.context.get("order")
        return None if order is None else f"{request.name}/{order}"


async def test_an_idempotency_key_makes_one_task():
    async with testing_engine([one_step(), one_step("other")]) as engine:
        first = await engine.submit(request(idempotency_key="k", context={"n": 1}))
        with pytest.raises(DuplicateTaskError) as caught:
            await engine.submit(request(idempotency_key="k", context={"n": 2}))
        assert caught.value.task_id == first
        assert first in str(caught.value)
        await engine.submit(request("other", idempotency_key="k"))
        await engine.submit(request(idempotency_key="l"))
        assert sum((await engine.count_tasks()).values()) == 3


async def test_a_key_stays_taken_when_its_task_has_ended():
    async with testing_engine(one_step()) as engine:
        first = await engine.run(request(idempotency_key="k"))
        await engine.clock.advance(1e6)
        with pytest.raises(DuplicateTaskError) as caught:
            await engine.submit(request(idempotency_key="k"))
        assert caught.value.task_id == first.task_id


async def test_equal_requests_are_one_task_within_the_window():
    async with testing_engine(one_step(), config=HASH) as engine:
        first = await engine.submit(request(context={"a": 1, "b": {"c": 2, "d": 3}}))
        with pytest.raises(DuplicateTaskError) as caught:
            await engine.submit(request(context={"b": {"d": 3, "c": 2}, "a": 1}))
        assert caught.value.task_id == first
        await engine.clock.advance(59)
        with pytest.raises(DuplicateTaskError):
            await engine.submit(request(context={"a": 1, "b": {"c": 2, "d": 3}}))
        await engine.clock.advance(2)
        assert await engine.submit(request(context={"a": 1, "b": {"c": 2, "d": 3}})) != first


@pytest.mark.parametrize(
    "other",
    [
        {"context": {"n": 2}},
        {"initiator": "bob"},
        {"source_system": "shop"},
        {"reason": "again"},
    ],
)
async def test_requests_that_differ_are_two_tasks(other):
    async with testing_engine(one_step(), config=HASH) as engine:
        await engine.submit(request(context={"n": 1}))
        await engine.submit(request(**({"context": {"n": 1}} | other)))


async def test_an_identity_of_ones_own():
    config = EngineConfig(identity=f"{__name__}:ByOrder", shutdown_seconds=0)
    async with testing_engine(one_step(), config=config) as engine:
        first = await engine.submit(request(context={"order": 1, "n": 1}))
        with pytest.raises(DuplicateTaskError) as caught:
            await engine.submit(request(context={"order": 1, "n": 2}))
        assert caught.value.task_id == first
        await engine.clock.advance(1e6)
        with pytest.raises(DuplicateTaskError):
            await engine.submit(request(context={"order": 1}))
        await engine.submit(request(context={}))
        await engine.submit(request(context={}))


def test_an_identity_that_is_none_is_refused_at_once():
    from tasker import Engine

    with pytest.raises(HandlerError, match="identity"):
        Engine.open("memory://", config=EngineConfig(identity=f"{__name__}:request"))


async def test_without_a_strategy_equal_requests_are_two_tasks():
    async with testing_engine(one_step()) as engine:
        ids = {await engine.submit(request(context={"n": 1})) for _ in range(3)}
        assert len(ids) == 3
        assert len((await engine.list_tasks(TaskQuery(name="work"))).tasks) == 3
