"""What the modes have in common: names, trust, elections with fences, and limits."""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable

from msgspec.structs import replace

from tasker.stores.caches.protocols import SharedCache
from tasker.stores.caches.strategy import CoordinationMode
from tasker.stores.coordination.protocol import Claim, Turn
from tasker.stores.errors import CacheUnavailableError

DEFAULT_NAMESPACE = "tasker"
TRUSTED_PART = 0.9
"""Of a claim's life, the part in which its holder acts on it."""
FENCE_TTL_SECONDS = 30 * 24 * 3600.0
LIMIT_TTL_SECONDS = 3600.0
_MICROSECONDS = 1_000_000


class CacheCoordination(ABC):
    """A `Coordination` whose claims and counters are kept in some cache.

    Args:
        cache: The cache.
        namespace: What its keys begin with. All who share it take part.
        now: The time in Unix seconds. Fences and limits are counted by it. Where clocks
            differ, a limit still holds on average, and those behind wait longer.
        monotonic: A clock in seconds that is never set; the trust in a claim ends by it.
        new_token: Makes a token that there was not before.
        owns_cache: Whether `close` closes the cache.
    """

    mode: CoordinationMode
    shared = True

    def __init__(
        self,
        cache: SharedCache,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        new_token: Callable[[], str] = lambda: uuid.uuid4().hex,
        owns_cache: bool = True,
    ) -> None:
        self._cache = cache
        self._namespace = namespace
        self._now = now
        self._monotonic = monotonic
        self._new_token = new_token
        self._owns_cache = owns_cache
        self._elected: dict[str, Claim] = {}

    async def claim(self, name: str, *, ttl_seconds: float, slots: int = 1) -> Claim | None:
        """Claim a name, or one of its slots; None when others hold them all."""
        check_ttl(ttl_seconds)
        if slots < 1:
            raise ValueError(f"slots of {name!r} is {slots}; it must be 1 or more")
        claim = Claim(
            name=name,
            token=self._new_token(),
            ttl_seconds=ttl_seconds,
            trusted_until=self._trusted_until(ttl_seconds),
            shared=self.shared,
            slots=slots,
        )
        slot = await self._acquire(claim)
        return None if slot is None else replace(claim, slot=slot)

    async def renew(self, claim: Claim) -> Claim | None:
        """Have the claim last its time from now on; None when it is lost."""
        trusted_until = self._trusted_until(claim.ttl_seconds)
        if not await self._extend(claim):
            return None
        return replace(claim, trusted_until=trusted_until, shared=self.shared)

    async def release(self, claim: Claim) -> bool:
        """End the claim; return whether it was still held."""
        return await self._end(claim)

    async def increment(self, name: str, by: int = 1, *, ttl_seconds: float) -> int:
        """Add to a counter, 1 or more, and return its new value."""
        check_ttl(ttl_seconds)
        if by < 1:
            raise ValueError(f"the counter {name!r} cannot go on by {by}; it must be 1 or more")
        return await self._cache.increment(self._key("count", name), by, ttl_seconds=ttl_seconds)

    async def elect(self, role: str, *, ttl_seconds: float, above: int = 0) -> Claim | None:
        """Lead, or go on leading; None when another leads."""
        # What is claimed is kept before it has a fence, and until it is known to be lost:
        # should a call fail, the claim is still ours, and nobody else's.
        held = self._elected.get(role)
        claim = None if held is None else await self.renew(held)
        if claim is None:
            self._elected.pop(role, None)
            claim = await self.claim(f"role {role}", ttl_seconds=ttl_seconds)
            if claim is None:
                return None
        self._elected[role] = claim
        if claim.fence <= above:
            claim = await self._with_fence(role, claim, above)
            if claim is None:
                self._elected.pop(role, None)
                return None
            self._elected[role] = claim
        return claim

    async def limit(
        self,
        name: str,
        *,
        rate: float,
        per_seconds: float = 1.0,
        burst: int = 1,
        max_wait_seconds: float | None = None,
    ) -> Turn:
        """Take the next place in a row that goes on by ``rate`` in ``per_seconds``."""
        check_limit(name, rate, per_seconds, burst)
        interval = max(1, round(per_seconds / rate * _MICROSECONDS))
        now = self._microseconds()
        saved = (burst - 1) * interval
        ceiling = None if max_wait_seconds is None else now + int(max_wait_seconds * _MICROSECONDS)
        place = await self._advance(
            self._key("limit", name),
            by=interval,
            floor=now - saved,
            ceiling=ceiling,
            ttl_seconds=LIMIT_TTL_SECONDS + (saved + interval) / _MICROSECONDS,
        )
        return Turn(
            wait_seconds=max(0, place - now) / _MICROSECONDS,
            reserved=ceiling is None or place <= ceiling,
            shared=self.shared,
        )

    async def hold(self, name: str, *, seconds: float, remembered_seconds: float = 0.0) -> None:
        """Let it be known that nobody is to go before that many seconds are over."""
        check_ttl(seconds)
        await self._advance(
            self._key("hold", name),
            by=0,
            floor=self._microseconds() + round(seconds * _MICROSECONDS),
            ceiling=None,
            ttl_seconds=seconds + remembered_seconds,
        )

    async def held(self, name: str) -> float | None:
        """Return in how many seconds the hold is over, below 0 when it was; None for none."""
        kept = await self._cache.get(self._key("hold", name))
        if kept is None:
            return None
        return (self._number(name, kept) - self._microseconds()) / _MICROSECONDS

    async def lift(self, name: str) -> None:
        """Have the hold forgotten."""
        await self._cache.delete(self._key("hold", name))

    async def close(self) -> None:
        """Give up the cache's connections, where they are its own. Claims end by themselves."""
        if self._owns_cache:
            await self._cache.close()

    async def _with_fence(self, role: str, claim: Claim, above: int) -> Claim | None:
        # The time as floor, so that fences go on rising when the cache was flushed.
        fence = await self._advance(
            self._key("fence", role),
            by=1,
            floor=max(self._microseconds(), above + 1),
            ceiling=None,
            ttl_seconds=FENCE_TTL_SECONDS,
        )
        # Had the claim ended in between, another could have been elected before us, and
        # have the lower fence.
        confirmed = await self.renew(claim)
        return None if confirmed is None else replace(confirmed, fence=fence)

    def _number(self, name: str, kept: bytes) -> int:
        try:
            return int(kept)
        except ValueError:
            raise self._failed(f"{name!r} holds {kept[:40]!r}, which is no number") from None

    def _failed(self, cause: str) -> CacheUnavailableError:
        return CacheUnavailableError(url=self._cache.url, operation="count", cause=cause)

    def _key(self, kind: str, name: str) -> str:
        return f"{self._namespace}:{kind}:{name}"

    def _microseconds(self) -> int:
        return round(self._now() * _MICROSECONDS)

    def _trusted_until(self, ttl_seconds: float) -> float:
        return self._monotonic() + TRUSTED_PART * ttl_seconds

    @abstractmethod
    async def _acquire(self, claim: Claim) -> int | None:
        """Take a slot for the claim's token and return which; None when there is none."""

    @abstractmethod
    async def _extend(self, claim: Claim) -> bool:
        """Have the token's slot last its time from now on; False when it has none."""

    @abstractmethod
    async def _end(self, claim: Claim) -> bool:
        """Give up the token's slot; return whether it had one."""

    @abstractmethod
    async def _advance(
        self, key: str, *, by: int, floor: int, ceiling: int | None, ttl_seconds: float
    ) -> int:
        """Do what `LockingCache.advance` does."""


def check_ttl(ttl_seconds: float) -> None:
    """Raise `ValueError` for what is no time to live."""
    if not 0 < ttl_seconds < float("inf"):
        raise ValueError(f"ttl_seconds is {ttl_seconds}; it must be greater than 0, and finite")


def check_limit(name: str, rate: float, per_seconds: float, burst: int) -> None:
    """Raise `ValueError` for what is no limit."""
    if not (0 < rate < float("inf") and 0 < per_seconds < float("inf")):
        raise ValueError(
            f"the limit {name!r} is {rate} in {per_seconds} s; both must be greater than 0"
        )
    if burst < 1:
        raise ValueError(f"the burst of the limit {name!r} is {burst}; it must be 1 or more")
