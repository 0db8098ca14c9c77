"""What processes count is added up once, whatever they say again, and whoever ends."""

from typing import Any

import anyio
import pytest

from tasker.errors import CacheUnavailableError
from tasker.stores.caches import MemoryCache, make_cache
from tasker.stores.coordination.totals import SharedTotals
from tests.caches.connections import Seconds


class Flaky(MemoryCache):
    """Loses the answer to a count that it did, or is away altogether."""

    loses_answers = False
    away = False

    async def get(self, key):
        if self.away:
            raise CacheUnavailableError(url=self.url, operation="read", cause="it is away")
        return await super().get(key)

    async def increment(self, key, by=1, *, ttl_seconds):
        count = await super().increment(key, by, ttl_seconds=ttl_seconds)
        if self.loses_answers:
            raise CacheUnavailableError(url=self.url, operation="count", cause="no answer")
        return count


class World:
    def __init__(self):
        self.time = Seconds()
        self.cache = Flaky(now=self.time)
        self.one, self.two = self.join("one"), self.join("two")

    def join(self, instance_id):
        return SharedTotals(self.cache, instance_id=instance_id, now=self.time)

    async def totals(self):
        return (await self.two.read()).totals


async def test_what_was_said_is_not_added_again():
    world = World()
    for counted in (10, 15, 15):
        await world.one.say({"steps": counted})
    assert await world.totals() == {"steps": 15}


async def test_all_processes_are_added_up():
    world = World()
    await world.one.say({"steps": 10, "seconds": 0.25})
    await world.two.say({"steps": 5, "tasks": 1})
    await world.one.say({"steps": 12, "seconds": 0.75})
    assert await world.totals() == {"seconds": 0.75, "steps": 17, "tasks": 1}


async def test_small_amounts_do_not_get_lost():
    world = World()
    for number in range(1, 1001):
        await world.one.say({"seconds": number * 0.0012345})
    assert (await world.totals())["seconds"] == pytest.approx(1.2345, abs=1e-6)


async def test_a_process_that_starts_again_adds_what_it_counts_anew():
    world = World()
    await world.one.say({"steps": 10})
    again = world.join("one")
    await again.say({"steps": 3})
    assert await world.totals() == {"steps": 13}


async def test_a_count_that_begins_anew_is_added():
    world = World()
    await world.one.say({"steps": 10})
    await world.one.say({"steps": 4})
    assert await world.totals() == {"steps": 14}


async def test_gauges_go_with_their_process_and_totals_stay():
    world = World()
    await world.one.say({"steps": 10}, {"live": 3})
    world.time.now += 60
    await world.two.say({"steps": 1}, {"live": 4})
    figures = await world.two.read()
    assert figures.gauges == {"live": {"one": 3, "two": 4}}
    assert figures.instances == ("one", "two")
    world.time.now += 31
    figures = await world.two.read()
    assert figures.gauges == {"live": {"two": 4}}
    assert figures.instances == ("two",)
    assert figures.totals == {"steps": 11}


async def test_who_leaves_is_gone_at_once():
    world = World()
    await world.one.say({}, {"live": 3})
    await world.one.leave()
    assert (await world.two.read()).instances == ()


async def test_a_total_is_never_too_high():
    world = World()
    world.cache.loses_answers = True
    with pytest.raises(CacheUnavailableError):
        await world.one.say({"steps": 10, "tasks": 2})
    world.cache.loses_answers = False
    await world.one.say({"steps": 11, "tasks": 2})
    assert await world.totals() == {"steps": 11, "tasks": 2}


async def test_what_is_counted_while_the_cache_is_away_is_added_after():
    world = World()
    await world.one.say({"steps": 1})
    world.cache.away = True
    for counted in (5, 9):
        with pytest.raises(CacheUnavailableError):
            await world.one.say({"steps": counted})
    world.cache.away = False
    await world.one.say({"steps": 12})
    assert await world.totals() == {"steps": 12}


async def test_after_a_flush_totals_go_on_from_nothing():
    world = World()
    await world.one.say({"steps": 10})
    world.cache.clear()
    assert await world.totals() == {}
    await world.one.say({"steps": 12})
    assert await world.totals() == {"steps": 2}


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf")])
async def test_what_is_no_total_is_refused(wrong):
    world = World()
    with pytest.raises(ValueError, match="the total 'steps' is"):
        await world.one.say({"steps": wrong})
    assert await world.totals() == {}


@pytest.mark.parametrize("kept", [b"", b"[]", b"\x80"])
async def test_what_somebody_else_wrote_is_replaced(kept):
    world = World()
    await world.cache.set("tasker:figures", kept, ttl_seconds=60)
    await world.one.say({"steps": 1})
    assert await world.totals() == {"steps": 1}


@pytest.mark.parametrize("server", ["redis", "memcached"])
async def test_on_real_servers_many_say_at_once(server, request):
    url = request.getfixturevalue(server).url + "?timeout_seconds=20"
    caches: list[Any] = [make_cache(url) for _ in range(4)]
    joined = [
        SharedTotals(cache, instance_id=f"{number}", namespace=f"totals-{server}")
        for number, cache in enumerate(caches)
    ]

    async def count(by):
        for counted in range(1, 11):
            await by.say({"steps": counted}, {"live": 1})

    async with anyio.create_task_group() as group:
        for each in joined:
            group.start_soon(count, each)
    figures = await joined[0].read()
    assert figures.totals == {"steps": 40}
    assert sum(figures.gauges["live"].values()) == 4
    for cache in caches:
        await cache.close()
