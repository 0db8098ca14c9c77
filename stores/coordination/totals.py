"""Figures of all processes together: totals that are counted once, gauges of who is there.

A process says how much it has counted since it began; what is added to the shared total is
what came since it said so last. So saying it again adds nothing, and the counts of a
process that has ended stay. A gauge is of its process, and goes with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import anyio
import msgspec
from msgspec import Struct

from tasker.stores.caches.protocols import SharedCache
from tasker.stores.coordination.by_cache import DEFAULT_NAMESPACE
from tasker.stores.errors import CacheUnavailableError

RETENTION_SECONDS = 30 * 24 * 3600.0
"""How long a total lives; then it starts at 0, as that of a process does that starts."""
INSTANCE_TTL_SECONDS = 90.0
_UNITS = 1_000_000
"""Totals are counted in millionths, so that sums of seconds are exact enough in integers."""
_MOST_TRIES = 100
_PAUSE_SECONDS = 0.005


class _Instance(Struct):
    until: float
    gauges: dict[str, float]


class _Register(Struct):
    """Who is there, and the names of the totals: one small entry, replaced as a whole."""

    instances: dict[str, _Instance] = {}
    totals: list[str] = []


class Figures(Struct, frozen=True, kw_only=True):
    """What all processes counted, and what those that are there say of themselves.

    Attributes:
        totals: By name, over all processes, those that have ended too.
        gauges: By name, the value of each process that is there, by its id.
        instances: The ids of the processes that are there.
    """

    totals: dict[str, float]
    gauges: dict[str, dict[str, float]]
    instances: tuple[str, ...]


class SharedTotals:
    """Adds up what processes count, in a cache that they share.

    A process that says nothing for ``instance_ttl_seconds`` is gone. When the cache is
    flushed, totals start at 0 and go on from there.

    Args:
        cache: The cache.
        instance_id: This process, as no other.
        namespace: What keys begin with. All who share it are added up.
        instance_ttl_seconds: How long a process is taken to be there.
        now: The time in Unix seconds.
    """

    def __init__(
        self,
        cache: SharedCache,
        *,
        instance_id: str,
        namespace: str = DEFAULT_NAMESPACE,
        instance_ttl_seconds: float = INSTANCE_TTL_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._instance_id = instance_id
        self._namespace = namespace
        self._instance_ttl_seconds = instance_ttl_seconds
        self._now = now
        self._said: dict[str, int] = {}

    async def say(
        self, totals: Mapping[str, float], gauges: Mapping[str, float] | None = None
    ) -> None:
        """Say what this process has counted since it began, and how it is now.

        Args:
            totals: By name, 0 or more. One that is lower than before began anew.
            gauges: By name, instead of those said before.

        Raises:
            ValueError: A total is negative, or no number; nothing was said.
            CacheUnavailableError: The cache does not answer. What it was not asked to add
                is added the next time. Of the one total that it was just asked to add to,
                nobody knows, so it is not asked again: a total is never too high.
        """
        amounts = {name: _amount(name, value) for name, value in totals.items()}
        await self._register(sorted(amounts), dict(gauges or {}))
        for name, amount in amounts.items():
            before = self._said.get(name, 0)
            more = amount - before if amount >= before else amount
            self._said[name] = amount
            if more:
                await self._cache.increment(self._total(name), more, ttl_seconds=RETENTION_SECONDS)

    async def read(self) -> Figures:
        """Return the figures of all.

        Raises:
            CacheUnavailableError: The cache does not answer.
        """
        register = _decoded(await self._cache.get(self._key)) or _Register()
        totals: dict[str, float] = {}
        for name in register.totals:
            kept = await self._cache.get(self._total(name))
            totals[name] = 0.0 if kept is None else int(kept) / _UNITS
        there = self._there(register)
        gauges: dict[str, dict[str, float]] = {}
        for instance_id, instance in there.items():
            for name, value in instance.gauges.items():
                gauges.setdefault(name, {})[instance_id] = value
        return Figures(totals=totals, gauges=gauges, instances=tuple(sorted(there)))

    async def leave(self) -> None:
        """Take this process's gauges away at once, as when it ends."""
        await self._replace_register(
            lambda register: register.instances.pop(self._instance_id, None)
        )

    async def _register(self, names: list[str], gauges: dict[str, float]) -> None:
        def enter(register: _Register) -> None:
            until = self._now() + self._instance_ttl_seconds
            register.instances[self._instance_id] = _Instance(until, gauges)
            register.totals = sorted({*register.totals, *names})

        await self._replace_register(enter)

    async def _replace_register(self, change: Callable[[_Register], object]) -> None:
        for tries in range(_MOST_TRIES):
            kept = await self._cache.get(self._key)
            register = _decoded(kept) or _Register()
            register.instances = self._there(register)
            change(register)
            data = msgspec.json.encode(register)
            if await self._put(kept, data):
                return
            await anyio.sleep(_PAUSE_SECONDS * min(tries, 10))
        cause = f"others were faster {_MOST_TRIES} times at {self._key!r}"
        raise CacheUnavailableError(url=self._cache.url, operation="write", cause=cause)

    async def _put(self, kept: bytes | None, data: bytes) -> bool:
        if kept is None:
            return await self._cache.add(self._key, data, ttl_seconds=RETENTION_SECONDS)
        return await self._cache.compare_and_set(
            self._key, kept, data, ttl_seconds=RETENTION_SECONDS
        )

    def _there(self, register: _Register) -> dict[str, _Instance]:
        now = self._now()
        return {name: each for name, each in register.instances.items() if each.until > now}

    @property
    def _key(self) -> str:
        return f"{self._namespace}:figures"

    def _total(self, name: str) -> str:
        return f"{self._namespace}:total:{name}"


def _amount(name: str, value: float) -> int:
    if not 0 <= value < float("inf"):
        raise ValueError(f"the total {name!r} is {value}; it must be a number, 0 or more")
    return round(value * _UNITS)


def _decoded(kept: bytes | None) -> _Register | None:
    """Return the register, or None where there is none, or something else in its place."""
    if kept is None:
        return None
    try:
        return msgspec.json.decode(kept, type=_Register)
    except msgspec.DecodeError:
        return None
