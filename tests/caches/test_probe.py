"""Whether a cache can do what it says is tried before anybody relies on it."""

import anyio
import pytest

from tasker.errors import CacheCapabilityError, CacheUnavailableError
from tasker.stores.caches import (
    CacheStrategy,
    DetectorRegistry,
    MemoryCache,
    Notice,
    make_cache,
    probe_capabilities,
    proven,
    refuse,
)
from tasker.stores.coordination import LocalCoordination, open_coordination
from tests.caches.broken import CountsInTwoSteps, LeasesToEverybody

SHARED = {"distributed": True}


class Shared(MemoryCache, capabilities=SHARED):
    pass


class Lies(CountsInTwoSteps, capabilities=SHARED):
    pass


class LeasesTooMuch(LeasesToEverybody, capabilities=SHARED):
    pass


class Little:
    """Declares without the mix-in, and lacks the methods."""

    url = "little://"

    def __init__(self):
        self.values = {}

    @staticmethod
    def declared_cache_capabilities():
        return {"distributed": True, "atomic_increment": True, "compression_support": True}

    async def get(self, key):
        return self.values.get(key)

    async def set(self, key, value, *, ttl_seconds):
        self.values[key] = value

    async def delete(self, key):
        return self.values.pop(key, None) is not None

    async def close(self):
        """Nothing to give up."""


async def test_an_honest_cache_keeps_all():
    cache = Shared()
    strategy = CacheStrategy.detect(cache)
    verdicts = await probe_capabilities(cache, strategy, again=lambda: cache)
    assert {each.capability for each in verdicts} == {
        *("distributed", "atomic_increment", "locking", "ttl_inspection", "namespace_support")
    }
    assert all(each.reason is None for each in verdicts)
    refuse(strategy, verdicts)
    assert proven(strategy, verdicts) == strategy
    assert cache.utilisation is not None
    assert await cache.utilisation() == 0.0, "what the probe wrote is gone"


@pytest.mark.parametrize("server", ["redis", "memcached"])
async def test_real_servers_keep_all(server, request):
    url = request.getfixturevalue(server).url + "?timeout_seconds=20"
    cache = make_cache(url)
    strategy = CacheStrategy.detect(cache)
    verdicts = await probe_capabilities(
        cache, strategy, again=lambda: make_cache(url), timeout_seconds=30
    )
    assert verdicts[0].capability == "distributed"
    assert [each for each in verdicts if each.reason is not None] == []
    await cache.close()


async def test_two_memories_are_not_shared():
    strategy = CacheStrategy.detect(Shared())
    verdicts = await probe_capabilities(Shared(), strategy, again=Shared)
    reasons = {each.capability: each.reason for each in verdicts}
    assert reasons["distributed"] == "what one connection writes, another does not read"
    assert proven(strategy, verdicts).mode == "local_only"


async def test_methods_that_are_missing_are_named():
    cache = Little()
    strategy = CacheStrategy.detect(cache)
    assert strategy.mode == "distributed_basic"
    verdicts = await probe_capabilities(cache, strategy)
    [verdict] = [each for each in verdicts if each.reason is not None]
    assert verdict.reason == "it lacks add, compare_and_delete, compare_and_set, increment"
    with pytest.raises(CacheCapabilityError, match="'atomic_increment', and does not: it lacks"):
        refuse(strategy, verdicts)


async def test_a_trial_is_bounded_in_time():
    class Slow(Shared):
        async def increment(self, key, by=1, *, ttl_seconds):
            await anyio.sleep_forever()

    strategy = CacheStrategy.detect(Slow())
    verdicts = await probe_capabilities(Slow(), strategy, timeout_seconds=0.05)
    reasons = {each.capability: each.reason for each in verdicts}
    assert reasons["atomic_increment"] == "trying it took more than 0.05 s"
    assert reasons["locking"] is None


async def test_of_a_cache_that_does_not_answer_nothing_is_said():
    class Away(Shared):
        async def set(self, key, value, *, ttl_seconds):
            raise CacheUnavailableError(url=self.url, operation="write", cause="it is away")

    with pytest.raises(CacheUnavailableError):
        await probe_capabilities(Away(), CacheStrategy.detect(Away()))


@pytest.mark.parametrize(
    ("kind", "mode", "capability"),
    [(Lies, "local_only", "atomic_increment"), (LeasesTooMuch, "distributed_basic", "locking")],
)
async def test_coordination_goes_without_what_is_not_real_and_says_why(kind, mode, capability):
    told: list[Notice] = []
    registry = DetectorRegistry(tell=told.append)
    for _ in range(2):
        coordination = await open_coordination(kind(), detectors=registry)
        assert coordination.mode == mode
    [warning] = [notice for notice in told if notice.trouble]
    assert f"{{{capability!r}:" in str(warning.facts["reasons"])
    with pytest.raises(CacheCapabilityError, match=capability):
        await open_coordination(kind(), strict=True)


async def test_without_a_cache_coordination_is_local():
    for cache in (None, "memory://", MemoryCache()):
        coordination = await open_coordination(cache)
        assert isinstance(coordination, LocalCoordination)
        assert not (await coordination.limit("a", rate=1)).shared


async def test_a_given_cache_is_not_closed(redis):
    closed = []

    class Ours(Shared):
        async def close(self):
            closed.append(self)

    coordination = await open_coordination(Ours())
    assert coordination.mode == "distributed_atomic"
    await coordination.close()
    assert closed == []
