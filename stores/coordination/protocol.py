"""How processes divide work: one protocol, whatever the cache allows.

The cache makes coordination cheap; what makes it correct is elsewhere: the epoch of a
task in its store, the fence of an election in whatever is written to. A cache may be
flushed, or lose what it has no room for, at any time, and then two processes can hold
one claim for a while. docs/coordination.md tells what becomes of each failure.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from tasker.stores.caches.strategy import CoordinationMode


class Claim(Struct, frozen=True, kw_only=True):
    """The right to a name for a while.

    Attributes:
        name: What is claimed.
        token: Whose it is; nobody else can renew or release it.
        ttl_seconds: How long it lasts from when it was given or renewed.
        trusted_until: Up to when its holder may act on it, by the clock ``monotonic`` of
            the coordination: it ends a tenth of its life before the claim does, counted
            from when the holder asked. None but the holder knows.
        shared: Whether other processes respect it. False when the cache is away, or there
            is none.
        slots: How many may hold the name at once.
        slot: Which of them this is, where they are told apart.
        fence: For an election, a number greater than that of every one before it; 0 else.
    """

    name: str
    token: str
    ttl_seconds: float
    trusted_until: float
    shared: bool
    slots: int = 1
    slot: int = 0
    fence: int = 0


class Turn(Struct, frozen=True, kw_only=True):
    """When a caller may go.

    Attributes:
        wait_seconds: How long to wait first; 0 for none.
        reserved: Whether that place is the caller's, who is to go then. If not, it is what
            the caller would have had to wait, and nothing was taken.
        shared: Whether the other processes are counted.
    """

    wait_seconds: float
    reserved: bool = True
    shared: bool = True


class Coordination(Protocol):
    """Claims, counters, elections, limits and holds, among those who share a cache.

    Each call is bounded in time. Of a coordination that has a fallback none raises for
    what the cache does; without one, `CacheError` says that it did not answer.
    """

    @property
    def mode(self) -> CoordinationMode:
        """How it is done."""

    @property
    def shared(self) -> bool:
        """Whether other processes take part just now."""

    async def claim(self, name: str, *, ttl_seconds: float, slots: int = 1) -> Claim | None:
        """Claim a name, or one of its slots; None when others hold them all.

        All who claim a name give the same ``slots``. A claim that is not renewed ends by
        itself, so a slot cannot leak. Who holds a name claims it once more as another.
        """

    async def renew(self, claim: Claim) -> Claim | None:
        """Have the claim last ``ttl_seconds`` from now on; None when it is lost.

        It is lost when it ended before, whether or not another has it.
        """

    async def release(self, claim: Claim) -> bool:
        """End the claim; return whether it was still held. No one else's is ended."""

    async def increment(self, name: str, by: int = 1, *, ttl_seconds: float) -> int:
        """Add to a counter, 1 or more, and return its new value.

        It starts at 0, and anew ``ttl_seconds`` after it was started. No two callers are
        told the same value.
        """

    async def elect(self, role: str, *, ttl_seconds: float, above: int = 0) -> Claim | None:
        """Lead, or go on leading; None when another leads.

        Call it again before ``trusted_until``. The fence stays while the leader does, and
        is greater than that of each leader before. Whoever leads writes with it, and what
        is written to refuses a lower one than it has seen. ``above`` asks for a greater
        fence than that: for who is refused though it was just elected, because the cache
        was flushed and the clocks differ.
        """

    async def limit(
        self,
        name: str,
        *,
        rate: float,
        per_seconds: float = 1.0,
        burst: int = 1,
        max_wait_seconds: float | None = None,
    ) -> Turn:
        """Take the next place in a row that goes on by ``rate`` in ``per_seconds``.

        Up to ``burst`` may go at once after a time in which nobody did. The generic cell
        rate algorithm (ITU-T I.371), with reservation. No place is taken that would be
        more than ``max_wait_seconds`` away; None for any.
        """

    async def hold(self, name: str, *, seconds: float, remembered_seconds: float = 0.0) -> None:
        """Let it be known that nobody is to go before that many seconds are over.

        A longer hold stays. `held` tells of it for ``remembered_seconds`` after it is over.
        """

    async def held(self, name: str) -> float | None:
        """Return in how many seconds the hold is over, below 0 when it was; None for none."""

    async def lift(self, name: str) -> None:
        """Have the hold forgotten."""

    async def close(self) -> None:
        """Give up the cache's connections. Claims end by themselves."""
