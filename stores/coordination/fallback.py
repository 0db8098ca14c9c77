"""Coordination that goes on without its cache, within the process, until the cache is back."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from tasker.stores.caches.detectors import Notice, Tell, tell_nobody
from tasker.stores.caches.strategy import CoordinationMode
from tasker.stores.coordination.local import LocalCoordination
from tasker.stores.coordination.protocol import Claim, Coordination, Turn

DEFAULT_TIMEOUT_SECONDS = 1.0
FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 30.0

T = TypeVar("T")


class FallbackCoordination:
    """Asks the cache, and this process alone while the cache does not answer.

    Once it fails, it is left alone for a while, longer each time, so that its timeout is
    paid now and then and not by each call; then one call tries it. Until it is back:

    - a claim is given if nobody in this process has it, and is not ``shared``;
    - a claim from before is renewed if nobody else in this process took it;
    - a claim from meanwhile is claimed at the cache when it is renewed, or lost;
    - who stands for election is elected, with a fence, and is not ``shared``;
    - a limit is divided by ``processes``;
    - a counter counts this process, and what it counted stays here;
    - a hold of this process holds it, and one of others does not.

    Args:
        cached: The coordination by the cache.
        alone: The coordination of this process.
        timeout_seconds: How long a call may take.
        processes: How many share a limit.
        tell: Hears when the cache goes away and comes back.
        monotonic: A clock in seconds that is never set.
    """

    def __init__(
        self,
        cached: Coordination,
        alone: LocalCoordination,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        processes: int = 1,
        tell: Tell = tell_nobody,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if processes < 1:
            raise ValueError(f"processes is {processes}; it must be 1 or more")
        self.processes = processes
        self._cached = cached
        self._alone = alone
        self._timeout_seconds = timeout_seconds
        self._tell = tell
        self._monotonic = monotonic
        self._rest_seconds = 0.0
        self._ask_again_at = 0.0
        self._led_alone: dict[str, int] = {}

    @property
    def mode(self) -> CoordinationMode:
        """How it is done while the cache answers."""
        return self._cached.mode

    @property
    def shared(self) -> bool:
        """Whether the cache answered when it was asked last."""
        return self._rest_seconds == 0.0

    async def claim(self, name: str, *, ttl_seconds: float, slots: int = 1) -> Claim | None:
        """Claim a name, or one of its slots; None when others hold them all."""
        return await self._ask(lambda by: by.claim(name, ttl_seconds=ttl_seconds, slots=slots))

    async def renew(self, claim: Claim) -> Claim | None:
        """Have the claim last its time from now on; None when it is lost."""
        if not claim.shared:
            return await self._ask(lambda by: self._renew_unshared(by, claim))
        return await self._ask(
            lambda by: by.renew(claim) if by is self._cached else self._alone.adopt(claim)
        )

    async def release(self, claim: Claim) -> bool:
        """End the claim; return whether it was held. One that the cache has may end by time."""
        released = await self._alone.release(claim)
        if not claim.shared:
            return released
        return await self._ask(
            lambda by: by.release(claim) if by is self._cached else _soon(released)
        )

    async def increment(self, name: str, by: int = 1, *, ttl_seconds: float) -> int:
        """Add to a counter, 1 or more, and return its new value."""
        return await self._ask(lambda each: each.increment(name, by, ttl_seconds=ttl_seconds))

    async def elect(self, role: str, *, ttl_seconds: float, above: int = 0) -> Claim | None:
        """Lead, or go on leading; None when another leads."""
        leader = await self._ask(
            lambda by: by.elect(
                role,
                ttl_seconds=ttl_seconds,
                # Who led alone has written with a fence that the cache knows nothing of.
                above=above if by is self._alone else max(above, self._led_alone.get(role, 0)),
            )
        )
        if leader is not None and not leader.shared:
            self._led_alone[role] = leader.fence
        elif self._rest_seconds == 0.0:
            self._led_alone.pop(role, None)
        return leader

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
        return await self._ask(
            lambda by: by.limit(
                name,
                rate=rate if by is self._cached else rate / self.processes,
                per_seconds=per_seconds,
                burst=burst if by is self._cached else max(1, burst // self.processes),
                max_wait_seconds=max_wait_seconds,
            )
        )

    async def hold(self, name: str, *, seconds: float, remembered_seconds: float = 0.0) -> None:
        """Let it be known that nobody is to go before that many seconds are over."""
        kept = {"seconds": seconds, "remembered_seconds": remembered_seconds}
        # Here too, for should the cache go away before it is over.
        await self._alone.hold(name, **kept)
        await self._ask(lambda by: by.hold(name, **kept) if by is self._cached else _soon(None))

    async def held(self, name: str) -> float | None:
        """Return in how many seconds the hold is over, below 0 when it was; None for none."""
        return await self._ask(lambda by: by.held(name))

    async def lift(self, name: str) -> None:
        """Have the hold forgotten."""
        await self._alone.lift(name)
        await self._ask(lambda by: by.lift(name))

    async def close(self) -> None:
        """Give up the cache's connections."""
        with anyio.move_on_after(self._timeout_seconds):
            await self._cached.close()

    async def _ask(self, call: Callable[[Coordination], Awaitable[T]]) -> T:
        now = self._monotonic()
        if now < self._ask_again_at:
            return await call(self._alone)
        # Whoever comes while this one tries goes on alone, if the cache was away.
        self._ask_again_at = now + self._rest_seconds
        try:
            with anyio.fail_after(self._timeout_seconds):
                answer = await call(self._cached)
        except (TypeError, ValueError):
            # What the caller asked for cannot be done anywhere.
            self._ask_again_at = now
            raise
        except Exception as error:
            self._gone(error)
            return await call(self._alone)
        self._back()
        return answer

    async def _renew_unshared(self, by: Coordination, claim: Claim) -> Claim | None:
        if by is self._alone:
            return await self._alone.renew(claim)
        await self._alone.release(claim)
        if claim.fence:
            # What it led, it led here. It stands for election again.
            return None
        return await by.claim(claim.name, ttl_seconds=claim.ttl_seconds, slots=claim.slots)

    def _gone(self, error: Exception) -> None:
        if self.shared:
            facts = {"mode": str(self.mode), "error": str(error) or type(error).__name__}
            text = "the cache does not answer; coordination is within this process until it does"
            self._tell(Notice(text=text, facts=facts, trouble=True))
        self._rest_seconds = min(
            LONGEST_REST_SECONDS, max(FIRST_REST_SECONDS, 2 * self._rest_seconds)
        )
        self._ask_again_at = self._monotonic() + self._rest_seconds

    def _back(self) -> None:
        if not self.shared:
            text = "the cache answers again; coordination is between processes"
            self._tell(Notice(text=text, facts={"mode": str(self.mode)}))
        self._rest_seconds = 0.0
        self._ask_again_at = 0.0


async def _soon(value: T) -> T:
    return value
