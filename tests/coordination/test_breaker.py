"""A system that fails is left alone by all processes, and tried by one."""

import pytest

from tasker.stores.caches import make_cache
from tasker.stores.coordination import AtomicCoordination, BasicCoordination
from tasker.stores.coordination.breaker import BreakerConfig, CircuitBreaker
from tests.coordination.participants import InMemory

CONFIG = BreakerConfig(failure_threshold=3, open_seconds=10, trial_seconds=20)


class World:
    """Two processes that call one system."""

    def __init__(self, mode="distributed_atomic"):
        self.participants = InMemory(mode)
        self.one, self.two = (
            CircuitBreaker(self.participants.join(), "shop", CONFIG) for _ in range(2)
        )

    async def fail(self, times, *, by=None, **settings):
        for _ in range(times):
            breaker = by or self.one
            admission = await breaker.admit()
            assert admission.allowed
            await breaker.failed(admission, **settings)


@pytest.fixture(params=["local_only", "distributed_basic", "distributed_atomic"])
def world(request):
    return World(request.param)


async def test_failures_of_all_processes_open_it_for_all(world):
    await world.fail(2, by=world.one)
    assert await world.two.circuit() == "closed"
    await world.fail(1, by=world.two)
    for breaker in (world.one, world.two):
        admission = await breaker.admit()
        assert (admission.allowed, admission.circuit) == (False, "open")
        assert admission.wait_seconds == pytest.approx(10)


async def test_failures_that_are_far_apart_do_not_open_it(world):
    await world.fail(2)
    await world.participants.wait(61)
    await world.fail(2)
    assert await world.one.circuit() == "closed"


async def test_when_its_time_is_over_one_tries_and_success_closes_it(world):
    await world.fail(3)
    await world.participants.wait(10.1)
    trial = await world.one.admit()
    assert (trial.allowed, trial.circuit) == (True, "half_open")
    other = await world.two.admit()
    assert (other.allowed, other.circuit, other.wait_seconds) == (False, "half_open", 1.0)
    await world.one.succeeded(trial)
    assert (await world.two.admit()).circuit == "closed"


async def test_a_trial_that_fails_opens_it_again(world):
    await world.fail(3)
    await world.participants.wait(10.1)
    trial = await world.two.admit()
    await world.two.failed(trial)
    admission = await world.one.admit()
    assert (admission.allowed, admission.circuit) == (False, "open")
    assert admission.wait_seconds == pytest.approx(10)
    await world.participants.wait(10.1)
    assert (await world.one.admit()).allowed, "the right to try was given back"


async def test_who_tries_and_dies_is_replaced(world):
    await world.fail(3)
    await world.participants.wait(10.1)
    assert (await world.one.admit()).trial is not None
    assert not (await world.two.admit()).allowed
    await world.participants.wait(19.8)
    assert not (await world.two.admit()).allowed
    # The circuit is remembered for as long as a trial takes, and then closed.
    await world.participants.wait(0.2)
    assert (await world.two.admit()).allowed


async def test_an_answer_to_an_older_call_does_not_close_it(world):
    early = await world.one.admit()
    await world.fail(3)
    await world.one.succeeded(early)
    assert await world.one.circuit() == "open"


async def test_a_pause_that_is_asked_for_is_kept_by_all(world):
    await world.fail(1, by=world.two, retry_after=120)
    admission = await world.one.admit()
    assert not admission.allowed
    assert admission.wait_seconds == pytest.approx(120)
    await world.participants.wait(121)
    trial = await world.one.admit()
    assert trial.trial is not None, "one goes first"
    assert not (await world.two.admit()).allowed


async def test_a_pause_is_believed_up_to_a_bound(world):
    await world.fail(1, retry_after=10**9)
    assert (await world.one.admit()).wait_seconds == pytest.approx(3600)


async def test_after_it_closed_it_takes_as_many_failures_to_open_it(world):
    await world.fail(3)
    await world.participants.wait(10.1)
    await world.one.succeeded(await world.one.admit())
    await world.fail(2)
    assert await world.one.circuit() == "closed"
    await world.fail(1)
    assert await world.one.circuit() == "open"


def test_a_setting_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"BreakerConfig\.failure_threshold is 0"):
        BreakerConfig(failure_threshold=0)


@pytest.mark.parametrize(
    ("kind", "name"), [(AtomicCoordination, "redis"), (BasicCoordination, "memcached")]
)
async def test_on_real_servers(kind, name, request):
    url = request.getfixturevalue(name).url + "?timeout_seconds=20"
    joined = [kind(make_cache(url)) for _ in range(2)]
    one, two = (CircuitBreaker(by, "shop", CONFIG) for by in joined)
    for breaker in (one, two, one):
        await breaker.failed(await breaker.admit())
    assert (await two.admit()).circuit == "open"
    await joined[0].lift("circuit shop")
    assert (await two.admit()).circuit == "closed"
    for each in joined:
        await each.close()
