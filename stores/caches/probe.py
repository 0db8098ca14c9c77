"""Whether a cache can do what it is said to do, found out by trying.

Each trial has a key of its own, deletes it afterwards, and takes a bounded time. A
capability that fails its trial does not count, with the reason; `refuse` is for those
who would rather not start.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio
from msgspec import Struct

from tasker.stores.caches import protocols
from tasker.stores.caches.capabilities import (
    ATOMIC_INCREMENT,
    COMPRESSION_SUPPORT,
    DISTRIBUTED,
    LOCKING,
    NAMESPACE_SUPPORT,
    TTL_INSPECTION,
)
from tasker.stores.caches.strategy import CacheStrategy
from tasker.stores.errors import CacheCapabilityError, CacheUnavailableError

RACERS = 20
TTL_SECONDS = 60.0
DEFAULT_TIMEOUT_SECONDS = 5.0


class Verdict(Struct, frozen=True, kw_only=True):
    """What a trial found: ``reason`` is None when the capability is real."""

    capability: str
    reason: str | None


class _Wrong(Exception):
    """The cache did something that it must not."""


async def probe_capabilities(
    cache: protocols.Cache,
    strategy: CacheStrategy,
    *,
    again: Callable[[], protocols.Cache] | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> list[Verdict]:
    """Try each capability that the strategy says is there, and return what was found.

    Args:
        cache: The cache.
        strategy: What it is said to be able to do.
        again: Makes another connection to the same cache, as another process has one.
            Without it, ``distributed`` is believed.
        timeout_seconds: How long each trial may take.

    Raises:
        CacheUnavailableError: The cache does not answer, so nothing can be said.
    """
    other = cache if again is None else again()
    try:
        await _answers(cache)
        return [
            Verdict(
                capability=capability,
                reason=await _reason(trial(cache, other), timeout_seconds),
            )
            for capability, trial in _TRIALS.items()
            if strategy.supports(capability) and (capability != DISTRIBUTED or again is not None)
        ]
    finally:
        if other is not cache:
            await other.close()


def proven(strategy: CacheStrategy, verdicts: list[Verdict]) -> CacheStrategy:
    """Return the strategy without what is not real."""
    return strategy.without(
        {each.capability: each.reason for each in verdicts if each.reason is not None}
    )


def refuse(strategy: CacheStrategy, verdicts: list[Verdict]) -> None:
    """Raise for the first capability that is not real.

    Raises:
        CacheCapabilityError: There is one.
    """
    for each in verdicts:
        if each.reason is not None:
            raise CacheCapabilityError(
                cache=strategy.cache_class, capability=each.capability, reason=each.reason
            )


async def _answers(cache: protocols.Cache) -> None:
    key = _key()
    await cache.set(key, b"1", ttl_seconds=TTL_SECONDS)
    await cache.delete(key)


async def _reason(trial: Awaitable[None], timeout_seconds: float) -> str | None:
    try:
        with anyio.fail_after(timeout_seconds):
            await trial
    except CacheUnavailableError:
        raise
    except _Wrong as wrong:
        return str(wrong)
    except TimeoutError:
        return f"trying it took more than {timeout_seconds:g} s"
    except Exception as error:
        return f"trying it failed: {type(error).__name__}: {error}"
    return None


def _need(cache: object, kind: type[Any]) -> Any:
    if not isinstance(cache, kind):
        wanted = {name for name in vars(kind) if not name.startswith("_")}
        missing = sorted(name for name in wanted if not hasattr(cache, name))
        raise _Wrong(f"it lacks {', '.join(missing)}")
    return cache


async def _try_distributed(cache: protocols.Cache, other: protocols.Cache) -> None:
    key = _key()
    await cache.set(key, b"shared", ttl_seconds=TTL_SECONDS)
    seen = await other.get(key)
    await cache.delete(key)
    if seen != b"shared":
        raise _Wrong("what one connection writes, another does not read")


async def _try_atomic(cache: protocols.Cache, other: protocols.Cache) -> None:
    one: protocols.SharedCache = _need(cache, protocols.SharedCache)
    two: protocols.SharedCache = _need(other, protocols.SharedCache)
    key = _key()
    told: list[int] = []

    async def count(racer: protocols.SharedCache) -> None:
        told.append(await racer.increment(key, ttl_seconds=TTL_SECONDS))

    added: list[bool] = []

    async def add(racer: protocols.SharedCache) -> None:
        added.append(await racer.add(key, b"0", ttl_seconds=TTL_SECONDS))

    swapped: list[bool] = []

    async def swap(racer: protocols.SharedCache) -> None:
        value = uuid.uuid4().bytes
        swapped.append(await racer.compare_and_set(key, b"0", value, ttl_seconds=TTL_SECONDS))

    try:
        await _race(count, one, two)
        if sorted(told) != list(range(1, RACERS + 1)):
            raise _Wrong(f"{RACERS} increments at once of an absent counter ended at {max(told)}")
        await cache.delete(key)
        await _race(add, one, two)
        if sum(added) != 1:
            raise _Wrong(f"of {RACERS} who added one key at once, {sum(added)} were told they did")
        await _race(swap, one, two)
        if sum(swapped) != 1:
            raise _Wrong(f"of {RACERS} who replaced one value at once, {sum(swapped)} did")
        if await one.compare_and_delete(key, b"another"):
            raise _Wrong("a value is deleted for somebody who does not know it")
    finally:
        await cache.delete(key)


async def _try_locking(cache: protocols.Cache, other: protocols.Cache) -> None:
    one: protocols.LockingCache = _need(cache, protocols.LockingCache)
    two: protocols.LockingCache = _need(other, protocols.LockingCache)
    key = _key()
    got: list[str] = []

    async def take(racer: protocols.LockingCache) -> None:
        token = uuid.uuid4().hex
        if await racer.acquire(key, token, ttl_seconds=TTL_SECONDS):
            got.append(token)

    await _race(take, one, two)
    if len(got) != 1:
        raise _Wrong(f"of {RACERS} who wanted one lease at once, {len(got)} got it")
    try:
        if await two.release(key, "another") or await two.extend(
            key, "another", ttl_seconds=TTL_SECONDS
        ):
            raise _Wrong("a lease can be ended or prolonged by somebody who does not hold it")
        if await two.acquire(key, "another", ttl_seconds=TTL_SECONDS):
            raise _Wrong("a lease that is held is given to another")
    finally:
        released = await one.release(key, got[0])
    if not released or await two.extend(key, got[0], ttl_seconds=TTL_SECONDS):
        raise _Wrong("whoever holds a lease cannot end it")
    await _try_advancing(one, two)


async def _try_advancing(one: protocols.LockingCache, two: protocols.LockingCache) -> None:
    key, start = _key(), 1_764_000_000_123_456
    told: list[int] = []

    async def advance(racer: protocols.LockingCache) -> None:
        told.append(await racer.advance(key, by=1, floor=start, ttl_seconds=TTL_SECONDS))

    try:
        await _race(advance, one, two)
        if sorted(told) != list(range(start, start + RACERS)):
            raise _Wrong(f"{RACERS} who advanced a counter at once were not told each place once")
        for ceiling in (0, 0, None):
            place = await one.advance(key, by=1, floor=0, ceiling=ceiling, ttl_seconds=TTL_SECONDS)
            if place != start + RACERS:
                raise _Wrong("a counter goes on above its ceiling")
        raised = await one.advance(key, by=1, floor=2 * start, ttl_seconds=TTL_SECONDS)
        if raised != 2 * start:
            raise _Wrong("a counter is not raised to its floor")
    finally:
        await one.delete(key)


async def _try_ttl(cache: protocols.Cache, other: protocols.Cache) -> None:
    inspecting: protocols.InspectsTtl = _need(cache, protocols.InspectsTtl)
    key = _key()
    await cache.set(key, b"1", ttl_seconds=TTL_SECONDS)
    left = await inspecting.expires_in(key)
    await cache.delete(key)
    # Two seconds more: some caches count whole ones, and round up.
    if left is None or not TTL_SECONDS / 2 < left <= TTL_SECONDS + 2:
        raise _Wrong(f"of a time to live of {TTL_SECONDS:g} s it tells {left}")
    if await inspecting.expires_in(key) is not None:
        raise _Wrong("of a key that is gone it tells a time to live")


async def _try_namespaces(cache: protocols.Cache, other: protocols.Cache) -> None:
    name = uuid.uuid4().hex
    keys = (f"tasker-probe:{name}:a:b", f"tasker-probe:{name}:a", f"tasker-probe:{name}:b")
    for key in keys:
        await cache.set(key, key.encode(), ttl_seconds=TTL_SECONDS)
    seen = [await cache.get(key) for key in keys]
    for key in keys:
        await cache.delete(key)
    if seen != [key.encode() for key in keys]:
        raise _Wrong("keys of two namespaces meet")


async def _try_compression(cache: protocols.Cache, other: protocols.Cache) -> None:
    key, value = _key(), b"a" * 100_000 + bytes(range(256))
    await cache.set(key, value, ttl_seconds=TTL_SECONDS)
    seen = await cache.get(key)
    await cache.delete(key)
    if seen != value:
        raise _Wrong("a large value is not read as it was written")


async def _race(run: Callable[[Any], Coroutine[Any, Any, None]], one: object, two: object) -> None:
    async with anyio.create_task_group() as group:
        for number in range(RACERS):
            group.start_soon(run, (one, two)[number % 2])


def _key() -> str:
    return f"tasker-probe:{uuid.uuid4().hex}"


_TRIALS: dict[str, Callable[[protocols.Cache, protocols.Cache], Awaitable[None]]] = {
    DISTRIBUTED: _try_distributed,
    ATOMIC_INCREMENT: _try_atomic,
    LOCKING: _try_locking,
    TTL_INSPECTION: _try_ttl,
    NAMESPACE_SUPPORT: _try_namespaces,
    COMPRESSION_SUPPORT: _try_compression,
}
