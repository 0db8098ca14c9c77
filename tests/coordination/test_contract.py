"""Every promise, in every mode, on a cache in memory and on real servers."""

import pytest

from tasker.stores.coordination import FallbackCoordination, LocalCoordination
from tasker.stores.coordination.contract import coordination_promises
from tests.coordination.participants import InMemory, on_server

PROMISES = coordination_promises()
EACH = [pytest.param(each, id=f"{each.topic}-{each.name}") for each in PROMISES]


@pytest.mark.parametrize("mode", ["local_only", "distributed_basic", "distributed_atomic"])
@pytest.mark.parametrize("promise", EACH)
async def test_in_memory(promise, mode):
    await promise.run(InMemory(mode))


@pytest.mark.parametrize("promise", EACH)
async def test_atomic_on_redis(promise, redis):
    async with on_server("distributed_atomic", redis) as participants:
        await promise.run(participants)


@pytest.mark.parametrize("promise", EACH)
async def test_basic_on_memcached(promise, memcached):
    async with on_server("distributed_basic", memcached) as participants:
        await promise.run(participants)


@pytest.mark.parametrize("promise", EACH)
async def test_with_a_fallback(promise, redis):
    """While the cache answers, a fallback changes nothing."""

    def wrapped(made):
        return FallbackCoordination(made, LocalCoordination(), timeout_seconds=20)

    async with on_server("distributed_atomic", redis, wrapped) as participants:
        await promise.run(participants)


def test_every_promise_is_said_under_a_name_of_its_own():
    names = [promise.name for promise in PROMISES]
    assert len(names) == len(set(names))
    assert all(promise.text.endswith(".") for promise in PROMISES)
