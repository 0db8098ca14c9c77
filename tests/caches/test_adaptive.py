"""Values that are made once, kept for a while, and never the reason for a failure."""

import anyio
import pytest

from tasker.errors import CacheUnavailableError
from tasker.stores.caches import MemoryCache
from tasker.stores.caches.adaptive import AdaptiveCache
from tasker.stores.caches.ttl import CacheConfig
from tasker.stores.coordination import AtomicCoordination
from tests.caches.connections import Seconds


class Making:
    """Makes values, counts them, and takes its time."""

    def __init__(self, time, seconds=0.0):
        self.time = time
        self.seconds = seconds
        self.made = 0
        self.gate = None

    async def __call__(self):
        self.made += 1
        if self.gate is not None:
            await self.gate.wait()
        self.time.now += self.seconds
        return {"number": self.made}


class World:
    def __init__(self, config=None, cache=None, **settings):
        self.time = Seconds()
        self.kept = cache or MemoryCache(now=self.time)
        self.cache = self.join(config, **settings)
        self.making = Making(self.time)

    def join(self, config=None, **settings):
        return AdaptiveCache(self.kept, config, now=self.time, sleep=self.sleep, **settings)

    async def sleep(self, seconds):
        await anyio.lowlevel.checkpoint()
        self.time.now += seconds

    async def left(self, key="a"):
        return await self.kept.expires_in(key)


async def test_a_value_is_made_once_and_kept_for_its_time():
    world = World()
    for _ in range(3):
        assert await world.cache.fetch("a", world.making) == {"number": 1}
    assert await world.left() == 240, "cheap to make: less than the default of 300"
    world.time.now += 241
    assert await world.cache.fetch("a", world.making) == {"number": 2}
    figures = world.cache.figures()
    assert (figures.hits, figures.misses, figures.made) == (2, 2, 2)
    assert figures.hit_rate == 0.5


async def test_none_is_a_value():
    world = World()

    async def nothing():
        world.making.made += 1

    assert await world.cache.fetch("a", nothing) is None
    assert await world.cache.fetch("a", nothing) is None
    assert world.making.made == 1


async def test_what_is_slow_to_make_is_kept_for_longer():
    world = World()
    world.making.seconds = 10.0
    await world.cache.fetch("a", world.making, base_ttl_seconds=100)
    assert await world.left() == 130


async def test_a_time_is_found_anew_after_the_interval():
    world = World(CacheConfig(adaptive_calculation_interval_seconds=30))
    await world.cache.fetch("a", world.making, group="reports")
    world.making.seconds = 20.0
    await world.cache.fetch("b", world.making, group="reports")
    assert await world.left("b") == 240, "not yet"
    await world.cache.fetch("c", world.making, group="reports")
    assert await world.left("c") == 390


async def test_keys_of_one_group_are_measured_together():
    world = World()
    for number in range(40):
        await world.cache.fetch(f"report {number}", world.making, group="report")
        world.time.now += 31
    groups = world.cache.figures().groups
    assert list(groups) == ["report"]
    assert groups["report"].misses == 40
    # Seldom found, cheap, and rare.
    assert await world.left("report 39") == 151 - 31
    assert world.cache.clear_performance_data("report")
    assert world.cache.figures().groups == {}


async def test_a_full_cache_keeps_values_for_half_the_time():
    time = Seconds()
    kept = MemoryCache(max_entries=5, now=time)
    world = World(CacheConfig(adaptive_calculation_interval_seconds=1), cache=kept)
    world.making.seconds = 0.5
    for number in range(5):
        await kept.set(f"{number}", b"", ttl_seconds=9999)
    await world.cache.fetch("a", world.making)
    assert await world.left() == 150


async def test_another_version_is_not_found():
    world = World(version="1")
    newer = world.join(version="2")
    await world.cache.fetch("a", world.making)
    assert await newer.fetch("a", world.making) == {"number": 2}
    assert await newer.fetch("a", world.making) == {"number": 2}
    assert await world.cache.fetch("a", world.making) == {"number": 3}


@pytest.mark.parametrize("kept", [b"", b"\x80\x04N.", b"T1\0\0{", b"T1\0", b'{"number": 7}'])
async def test_what_somebody_else_wrote_is_not_found(kept):
    world = World()
    await world.kept.set("a", kept, ttl_seconds=60)
    assert await world.cache.fetch("a", world.making) == {"number": 1}


async def test_what_is_too_large_or_no_json_is_given_and_not_kept():
    world = World(CacheConfig(max_value_bytes=10))

    async def large():
        return "x" * 11

    async def strange():
        return {"a": object()}

    assert await world.cache.fetch("a", large) == "x" * 11
    assert set(await world.cache.fetch("b", strange)) == {"a"}
    assert await world.kept.get("a") is None
    assert await world.kept.get("b") is None
    figures = world.cache.figures()
    assert (figures.too_large, figures.not_json) == (1, 1)


async def test_a_value_that_cannot_be_made_is_not_kept():
    world = World()

    async def failing():
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        await world.cache.fetch("a", failing)
    assert await world.cache.fetch("a", world.making) == {"number": 1}


async def test_without_tracking_nothing_is_measured_or_adapted():
    world = World(CacheConfig(performance_tracking_enabled=False))
    await world.cache.fetch("a", world.making, base_ttl_seconds=7)
    assert await world.left() == 7
    assert world.cache.figures().groups == {}


async def test_forgetting_makes_it_anew():
    world = World()
    await world.cache.fetch("a", world.making)
    await world.cache.forget("a")
    assert await world.cache.fetch("a", world.making) == {"number": 2}


async def test_a_cache_that_fails_is_one_in_which_nothing_is():
    class Away(MemoryCache):
        async def get(self, key):
            raise CacheUnavailableError(url=self.url, operation="read", cause="it is away")

        async def set(self, key, value, *, ttl_seconds):
            raise CacheUnavailableError(url=self.url, operation="write", cause="it is away")

        async def utilisation(self):
            raise CacheUnavailableError(url=self.url, operation="measure", cause="it is away")

    world = World(cache=Away())
    assert await world.cache.fetch("a", world.making) == {"number": 1}
    assert await world.cache.fetch("a", world.making) == {"number": 2}
    assert world.cache.figures().failures == 4


async def test_of_many_who_want_it_at_once_one_makes_it():
    world = World()
    world.making.gate = anyio.Event()
    found = []

    async def want():
        found.append(await world.cache.fetch("a", world.making))

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(want)
        await anyio.wait_all_tasks_blocked()
        world.making.gate.set()
    assert found == [{"number": 1}] * 50
    figures = world.cache.figures()
    assert (figures.made, figures.waited, figures.misses) == (1, 49, 50)


async def test_those_who_wait_hear_of_the_failure():
    world = World()
    gate = anyio.Event()
    made = 0
    heard = []

    async def failing():
        nonlocal made
        made += 1
        await gate.wait()
        raise RuntimeError("no luck")

    async def want():
        try:
            await world.cache.fetch("a", failing)
        except RuntimeError as error:
            heard.append(str(error))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(want)
        await anyio.wait_all_tasks_blocked()
        gate.set()
    assert (made, heard) == (1, ["no luck"] * 5)


async def test_where_who_makes_it_is_cancelled_another_makes_it():
    world = World()
    world.making.gate = anyio.Event()
    found = []

    async def want():
        found.append(await world.cache.fetch("a", world.making))

    async with anyio.create_task_group() as group:
        async with anyio.create_task_group() as first:
            first.start_soon(world.cache.fetch, "a", world.making)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(want)
            await anyio.wait_all_tasks_blocked()
            first.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
        world.making.gate.set()
    assert found == [{"number": 2}]


def _two_processes():
    world = World()
    one, two = (
        world.join(filling=AtomicCoordination(world.kept, now=world.time, monotonic=world.time))
        for _ in range(2)
    )
    return world, one, two


async def test_of_two_processes_one_makes_it():
    world, one, two = _two_processes()
    world.making.gate = anyio.Event()
    found = []

    async def want(cache):
        found.append(await cache.fetch("a", world.making))

    async with anyio.create_task_group() as group:
        group.start_soon(want, one)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(want, two)
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        world.making.gate.set()
    assert found == [{"number": 1}] * 2
    assert two.figures().waited == 1


async def test_a_process_that_dies_over_it_is_not_waited_for_long():
    world, _, two = _two_processes()
    await AtomicCoordination(world.kept, now=world.time, monotonic=world.time).claim(
        "fill a", ttl_seconds=9999
    )
    began = world.time.now
    assert await two.fetch("a", world.making) == {"number": 1}
    assert world.time.now - began == pytest.approx(30, abs=0.2)


async def test_who_could_not_make_it_lets_the_next_one_try():
    world, one, two = _two_processes()

    async def failing():
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        await one.fetch("a", failing)
    began = world.time.now
    assert await two.fetch("a", world.making) == {"number": 1}
    assert world.time.now == began


async def test_where_claims_fail_each_makes_it():
    class Failing:
        async def claim(self, name, *, ttl_seconds):
            raise CacheUnavailableError(url="", operation="lease", cause="it is away")

        async def release(self, claim):
            raise AssertionError

    world = World(filling=Failing())
    assert await world.cache.fetch("a", world.making) == {"number": 1}


def test_a_version_that_would_end_early_is_refused():
    with pytest.raises(ValueError, match="NUL"):
        AdaptiveCache(MemoryCache(), version="1\0")
