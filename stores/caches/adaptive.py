"""Values that are made when they are wanted, and kept for as long as it pays."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import anyio
from msgspec import Struct

from tasker.stores.caches.envelope import MISSING, unwrap, wrap
from tasker.stores.caches.flights import Flights
from tasker.stores.caches.protocols import Cache, MeasuresUse
from tasker.stores.caches.ttl import CacheConfig, adapted_ttl
from tasker.stores.caches.use import GroupUse, UseTracker
from tasker.stores.errors import CacheError, EncodingError, SizeLimitError

POLL_SECONDS = 0.05

Make = Callable[[], Awaitable[Any]]


class Filling(Protocol):
    """Lets one process make a value that several want; a `Coordination` does."""

    async def claim(self, name: str, *, ttl_seconds: float) -> Any | None:
        """Claim a name; None when another has it."""

    async def release(self, claim: Any) -> bool:
        """End the claim."""


class _Found(Struct, frozen=True):
    value: Any


class CacheFigures(Struct, frozen=True, kw_only=True):
    """What an `AdaptiveCache` did since it was made, in this process.

    Attributes:
        hits: Values found.
        misses: Values not found, or of another version.
        made: Values made here.
        waited: Misses for which another caller, or another process, made the value.
        too_large: Values made that are over the limit, and were not kept.
        not_json: Values made that have no JSON form, and were not kept.
        failures: Calls of the cache that failed.
        groups: What was measured of each group.
    """

    hits: int
    misses: int
    made: int
    waited: int
    too_large: int
    not_json: int
    failures: int
    groups: dict[str, GroupUse]

    @property
    def hit_rate(self) -> float | None:
        """The part of the accesses that found a value; None before the first."""
        accesses = self.hits + self.misses
        return self.hits / accesses if accesses else None


class AdaptiveCache:
    """Keeps values, each for a time that is adapted to how it is used.

        orders = AdaptiveCache(cache, version="2")
        report = await orders.fetch("report:today", make_report, group="report")

    A value that is absent is made once, however many want it: in this process, and with
    ``filling`` in all. A cache that fails is a cache in which nothing is: values are made.

    Args:
        cache: Where values are kept. A value is what its JSON says: a tuple comes back
            as a list.
        config: How.
        version: That of the values. One written under another version is not found, so
            a new release does not read what an old one wrote.
        filling: Has one process at a time make a value; None to let each make it.
        now: A clock in seconds that is never set.
        sleep: Returns after that many seconds.
    """

    def __init__(
        self,
        cache: Cache,
        config: CacheConfig | None = None,
        *,
        version: str = "",
        filling: Filling | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        if "\0" in version:
            raise ValueError("the version of cached values cannot have a NUL character")
        self.config = config or CacheConfig()
        self._cache = cache
        self._version = version
        self._filling = filling
        self._now = now
        self._sleep = sleep
        self._flights: Flights[tuple[Any, bool]] = Flights()
        self._uses = UseTracker(self.config)
        self._ttls: dict[tuple[str, float], tuple[float, float]] = {}
        self._pressure = (False, -float("inf"))
        self._counts = dict.fromkeys(_COUNTED, 0)

    async def fetch(
        self,
        key: str,
        make: Make,
        *,
        base_ttl_seconds: float | None = None,
        group: str | None = None,
    ) -> Any:
        """Return the value that is kept under a key, or make it and keep it.

        Args:
            key: Its name.
            make: Makes it. What it raises is raised here, and nothing is kept.
            base_ttl_seconds: How long to keep it before that is adapted; None for the
                configuration's.
            group: Whose use it is measured with; None for the key's own. Keys that have
                dates or numbers in them belong in a group: alone each is always new.
        """
        name = key if group is None else group
        value = await self._find(key)
        hit = value is not MISSING
        self._counts["hits" if hit else "misses"] += 1
        if self.config.performance_tracking_enabled:
            self._uses.wanted(name, hit=hit, now=self._now())
        if hit:
            return value
        base = self.config.default_ttl_seconds if base_ttl_seconds is None else base_ttl_seconds
        (value, made), ours = await self._flights.run(
            key, lambda: self._make_in_one_process(key, name, make, base)
        )
        self._counts["made" if made and ours else "waited"] += 1
        return value

    async def forget(self, key: str) -> None:
        """Have a value made anew when it is wanted next.

        Raises:
            CacheUnavailableError: The cache does not answer; the value may still be found.
        """
        await self._cache.delete(key)

    def clear_performance_data(self, group: str) -> bool:
        """Forget what was measured of a group; return whether there was something."""
        self._ttls = {known: ttl for known, ttl in self._ttls.items() if known[0] != group}
        return self._uses.forget(group)

    def figures(self) -> CacheFigures:
        """Return what was done and measured."""
        return CacheFigures(groups=self._uses.groups(), **self._counts)

    async def _find(self, key: str) -> Any:
        try:
            kept = await self._cache.get(key)
        except CacheError:
            self._counts["failures"] += 1
            return MISSING
        return MISSING if kept is None else unwrap(kept, version=self._version)

    async def _make_in_one_process(
        self, key: str, group: str, make: Make, base: float
    ) -> tuple[Any, bool]:
        if self._filling is None:
            return await self._make(key, group, make, base), True
        claim = await self._claim_or_value(self._filling, key)
        if isinstance(claim, _Found):
            return claim.value, False
        try:
            # Whoever had the claim before may have filled it.
            value = await self._find(key)
            if value is not MISSING:
                return value, False
            return await self._make(key, group, make, base), True
        finally:
            if claim is not None:
                with anyio.CancelScope(shield=True), suppress(CacheError):
                    await self._filling.release(claim)

    async def _claim_or_value(self, filling: Filling, key: str) -> Any:
        """Return the right to make it, or what another made; None when that takes too long."""
        until = self._now() + self.config.fill_seconds
        while True:
            try:
                claim = await filling.claim(f"fill {key}", ttl_seconds=self.config.fill_seconds)
            except CacheError:
                self._counts["failures"] += 1
                return None
            if claim is not None:
                return claim
            value = await self._find(key)
            if value is not MISSING:
                return _Found(value)
            if self._now() >= until:
                return None
            await self._sleep(POLL_SECONDS)

    async def _make(self, key: str, group: str, make: Make, base: float) -> Any:
        began = self._now()
        value = await make()
        if self.config.performance_tracking_enabled:
            self._uses.made(group, self._now() - began)
        try:
            kept = wrap(value, version=self._version, limit=self.config.max_value_bytes)
        except SizeLimitError:
            self._counts["too_large"] += 1
        except EncodingError:
            self._counts["not_json"] += 1
        else:
            ttl = await self._ttl(group, base)
            try:
                await self._cache.set(key, kept, ttl_seconds=ttl)
            except CacheError:
                self._counts["failures"] += 1
        return value

    async def _ttl(self, group: str, base: float) -> float:
        now, interval = self._now(), self.config.adaptive_calculation_interval_seconds
        ttl, found_at = self._ttls.get((group, base), (base, -float("inf")))
        if now - found_at < interval:
            return ttl
        if now - self._pressure[1] >= interval:
            self._pressure = (await self._is_under_pressure(), now)
        ttl = adapted_ttl(
            base, self._uses.use_of(group), self.config, under_pressure=self._pressure[0]
        )
        if len(self._ttls) >= self.config.max_tracked_groups:
            self._ttls.clear()
        self._ttls[(group, base)] = (ttl, now)
        return ttl

    async def _is_under_pressure(self) -> bool:
        if not isinstance(self._cache, MeasuresUse):
            return False
        used: float | None = None
        with suppress(CacheError):
            used = await self._cache.utilisation()
        return used is not None and used >= self.config.cache_pressure_threshold


_COUNTED = ("hits", "misses", "made", "waited", "too_large", "not_json", "failures")
