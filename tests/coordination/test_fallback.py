"""A cache that goes away costs speed: calls go on within the process until it is back."""

import anyio
import pytest

from tasker.errors import CacheUnavailableError
from tasker.stores.caches import CoordinationMode, MemoryCache
from tasker.stores.coordination import (
    AtomicCoordination,
    FallbackCoordination,
    LocalCoordination,
)
from tests.caches.connections import Seconds


class Flaky(MemoryCache):
    """A cache that can be away: it fails at once, or never answers."""

    def __init__(self, now):
        super().__init__(now=now)
        self.away = False
        self.hangs = False
        self.broken = None
        self.asked = 0

    async def _meet(self, operation):
        self.asked += 1
        if self.hangs:
            await anyio.sleep_forever()
        if self.away or operation == self.broken:
            raise CacheUnavailableError(url=self.url, operation="ask", cause="it is away")

    async def acquire(self, *given, **settings):
        await self._meet("acquire")
        return await super().acquire(*given, **settings)

    async def extend(self, *given, **settings):
        await self._meet("extend")
        return await super().extend(*given, **settings)

    async def release(self, *given, **settings):
        await self._meet("release")
        return await super().release(*given, **settings)

    async def increment(self, *given, **settings):
        await self._meet("increment")
        return await super().increment(*given, **settings)

    async def advance(self, *given, **settings):
        await self._meet("advance")
        return await super().advance(*given, **settings)


class World:
    """Two processes on one cache."""

    def __init__(self, **settings):
        self.time = Seconds()
        self.cache = Flaky(self.time)
        self.told = []
        self.one, self.two = (self._join(**settings) for _ in range(2))

    def _join(self, **settings):
        clocks = {"now": self.time, "monotonic": self.time}
        return FallbackCoordination(
            AtomicCoordination(self.cache, **clocks),
            LocalCoordination(MemoryCache(now=self.time), **clocks),
            tell=self.told.append,
            monotonic=self.time,
            **settings,
        )

    def rest(self):
        """Let the time go by after which the cache is tried again, however often it failed."""
        self.time.now += 31


async def test_a_cache_that_answers_is_asked():
    world = World()
    claim = await world.one.claim("a", ttl_seconds=60)
    assert claim.shared
    assert world.one.shared
    assert world.one.mode is CoordinationMode.DISTRIBUTED_ATOMIC
    assert await world.two.claim("a", ttl_seconds=60) is None
    assert world.told == []


async def test_claims_go_on_within_the_process_and_say_so():
    world = World()
    world.cache.away = True
    claim = await world.one.claim("a", ttl_seconds=60)
    assert not claim.shared
    assert not world.one.shared
    assert await world.one.claim("a", ttl_seconds=60) is None, "in this process it is taken"
    # That is what the epoch of a store is for.
    assert await world.two.claim("a", ttl_seconds=60) is not None
    assert await world.one.release(claim)
    assert await world.one.claim("a", ttl_seconds=60) is not None


async def test_a_claim_from_before_is_kept_over_the_time_without():
    world = World()
    claim = await world.one.claim("a", ttl_seconds=600)
    world.cache.away = True
    kept = await world.one.renew(claim)
    assert not kept.shared
    assert kept.token == claim.token
    assert await world.one.claim("a", ttl_seconds=60) is None
    world.cache.away = False
    world.rest()
    again = await world.one.renew(claim)
    assert again.shared, "the cache still had it"


async def test_a_claim_from_meanwhile_is_claimed_when_the_cache_is_back():
    world = World()
    world.cache.away = True
    claim = await world.one.claim("a", ttl_seconds=600)
    rival = await world.two.claim("a", ttl_seconds=600)
    world.cache.away = False
    world.rest()
    renewed = await world.one.renew(claim)
    assert renewed.shared
    assert await world.two.renew(rival) is None, "the other process was faster"


async def test_who_led_meanwhile_stands_again():
    world = World()
    world.cache.away = True
    alone, other = [await by.elect("reaper", ttl_seconds=600) for by in (world.one, world.two)]
    assert not alone.shared
    assert not other.shared
    world.cache.away = False
    world.rest()
    assert await world.one.renew(alone) is None
    leader = await world.one.elect("reaper", ttl_seconds=600)
    assert leader.shared
    assert leader.fence > max(alone.fence, other.fence)
    assert await world.two.elect("reaper", ttl_seconds=600) is None


async def test_a_leader_leads_on_when_the_cache_goes_away():
    world = World()
    leader = await world.one.elect("reaper", ttl_seconds=60)
    world.time.now += 1
    world.cache.away = True
    still = await world.one.elect("reaper", ttl_seconds=60)
    assert not still.shared
    assert still.fence > leader.fence


async def test_a_limit_is_divided_by_the_processes():
    world = World(processes=2)
    world.cache.away = True
    waits = [
        (await by.limit("shop", rate=10)).wait_seconds
        for by in (world.one, world.one, world.two, world.two)
    ]
    assert waits == pytest.approx([0, 0.2, 0, 0.2])


async def test_a_counter_counts_on():
    world = World()
    await world.one.increment("n", 5, ttl_seconds=60)
    world.cache.away = True
    assert await world.one.increment("n", ttl_seconds=60) == 1
    world.cache.away = False
    world.rest()
    world.time.now -= 31
    assert await world.two.increment("n", ttl_seconds=60) == 6


async def test_a_cache_that_failed_is_left_alone_for_longer_each_time():
    world = World()
    world.cache.away = True
    asked = []
    for _ in range(70):
        before = world.cache.asked
        await world.one.claim("a", ttl_seconds=0.5)
        if world.cache.asked > before:
            asked.append(world.time.now - 1_764_000_000)
        world.time.now += 1
    assert asked == [0, 1, 3, 7, 15, 31, 61]


async def test_going_and_coming_back_is_told_once_each():
    world = World()
    world.cache.away = True
    for _ in range(5):
        world.time.now += 40
        await world.one.claim("a", ttl_seconds=60)
    assert [(each.trouble, "it is away" in each.facts["error"]) for each in world.told] == [
        (True, True)
    ]
    world.cache.away = False
    world.rest()
    await world.one.claim("b", ttl_seconds=60)
    await world.one.claim("c", ttl_seconds=60)
    assert [each.trouble for each in world.told] == [True, False]
    assert world.one.shared


async def test_a_cache_that_never_answers_is_not_waited_for():
    world = World(timeout_seconds=0.05)
    world.cache.hangs = True
    with anyio.fail_after(10):
        claims = [await world.one.claim(f"{name}", ttl_seconds=60) for name in range(100)]
    assert all(claim is not None and not claim.shared for claim in claims)
    assert world.cache.asked == 1, "the time is paid once, not by each call"


async def test_one_call_tries_and_the_others_go_on():
    world = World(timeout_seconds=5)
    world.cache.away = True
    await world.one.claim("a", ttl_seconds=60)
    world.rest()
    world.cache.hangs = True
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: world.one.claim("b", ttl_seconds=60))
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(2):
            assert not (await world.one.claim("c", ttl_seconds=60)).shared
        group.cancel_scope.cancel()


async def test_what_is_asked_wrongly_is_refused_and_the_cache_is_not_blamed():
    world = World()
    for wrong in (
        world.one.limit("a", rate=0),
        world.one.limit("a", rate=1, burst=0),
        world.one.claim("a", ttl_seconds=0),
        world.one.claim("a", ttl_seconds=1, slots=0),
        world.one.increment("a", 0, ttl_seconds=1),
    ):
        with pytest.raises(ValueError, match="must be"):
            await wrong
    assert world.one.shared
    with pytest.raises(ValueError, match="processes is 0"):
        World(processes=0)


async def test_a_hold_is_kept_over_the_time_without():
    world = World()
    await world.one.hold("shop", seconds=60)
    assert await world.two.held("shop") == pytest.approx(60)
    world.cache.away = True
    # Reading a hold is a plain read, which this cache still does; a counter is not.
    await world.one.increment("n", ttl_seconds=60)
    assert await world.one.held("shop") == pytest.approx(60)
    await world.one.lift("shop")
    assert await world.one.held("shop") is None


async def test_who_led_before_meanwhile_and_after_has_fences_that_rise():
    world = World()
    before = await world.one.elect("reaper", ttl_seconds=600)
    world.time.now += 1
    world.cache.away = True
    meanwhile = await world.one.elect("reaper", ttl_seconds=600)
    world.cache.away = False
    world.rest()
    after = await world.one.elect("reaper", ttl_seconds=600)
    assert after.shared
    assert before.fence < meanwhile.fence < after.fence
    assert (await world.one.elect("reaper", ttl_seconds=600)).fence == after.fence


@pytest.mark.parametrize("broken", ["extend", "advance"])
async def test_an_election_that_breaks_off_does_not_lock_its_leader_out(broken):
    world = World()
    by = AtomicCoordination(world.cache, now=world.time, monotonic=world.time)
    world.cache.broken = broken
    with pytest.raises(CacheUnavailableError):
        await by.elect("reaper", ttl_seconds=600)
    world.cache.broken = None
    first = await by.elect("reaper", ttl_seconds=600)
    assert first is not None
    world.cache.broken = broken
    with pytest.raises(CacheUnavailableError):
        await by.elect("reaper", ttl_seconds=600, above=first.fence)
    world.cache.broken = None
    again = await by.elect("reaper", ttl_seconds=600)
    assert again is not None
    assert again.token == first.token
