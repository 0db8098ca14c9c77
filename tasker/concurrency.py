"""How many steps may run at once: the limit that gives way to pressure.

`decide` is the whole rule. It is asked once in a while, with the load of the parts that
concurrency weighs on, and returns the next limit:

- The load is the greatest of the parts' loads, each 1 at the most that it should have.
- Above `HIGH` twice running, the limit falls to `FALL` of the steps that run, above
  `CRITICAL` to `FALL_FAST` of them. Steps that do not run weigh on nothing: with no more
  than the least running it stays.
- Up to `LOW` three times running, it rises by a quarter at each decision, to the limit
  without pressure; beyond that, up to the greatest, only while steps wait for a permit.
- In between it stays. So one stall moves nothing, and what has just fallen does not rise
  while the reason for it is half there.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

LOW, HIGH, CRITICAL = 0.5, 0.7, 0.85
"""Loads up to which pressure is low, moderate and high; the ancestor's bounds."""
FALL, FALL_FAST = 0.8, 0.5
RISE = 1.25
FALL_AFTER, RISE_AFTER = 2, 3
"""How many times running there has to be a reason."""

MOST_LAG_SECONDS = 0.5
"""How late the event loop may be on average."""
MOST_QUEUE_SECONDS = 1.0
"""How long appends that do not fit the next commit may have to wait."""
MOST_COMMIT_SECONDS = 1.0
"""How long a commit may take."""

Level = Literal["low", "moderate", "high", "critical"]


class Pressure(Struct, frozen=True, kw_only=True):
    """The load of each part, 1 at the most it should have; it may be more.

    ``journal`` is that of the queue of appends beyond one commit, ``loop`` that of the
    event loop, ``store`` that of the commits.
    """

    journal: float = 0.0
    loop: float = 0.0
    store: float = 0.0

    @property
    def load(self) -> float:
        """The greatest of them."""
        return max(self.journal, self.loop, self.store)

    @property
    def level(self) -> Level:
        """What the greatest means."""
        if self.load <= LOW:
            return "low"
        if self.load <= HIGH:
            return "moderate"
        return "high" if self.load <= CRITICAL else "critical"

    def sources(self) -> dict[str, float]:
        """Return each load under the name of its part."""
        return {"journal": self.journal, "loop": self.loop, "store": self.store}


class Bounds(Struct, frozen=True, kw_only=True):
    """Where the limit may move: ``usual`` is where it stands without pressure."""

    least: int
    usual: int
    most: int


class Limit(Struct, frozen=True, kw_only=True):
    """A limit, and for how many decisions there was a reason to lower or raise it."""

    value: int
    pressed: int = 0
    eased: int = 0


class ConcurrencyStatistics(Struct, frozen=True, kw_only=True):
    """The limit and its bounds, what weighs on it, and how often it moved."""

    limit: int
    bounds: Bounds
    pressure: Pressure
    lowered: int
    raised: int


def bounds_of(least: int, usual: int, most: int | None) -> Bounds:
    """Return bounds in order, from settings any of which may be the strictest."""
    most = usual if most is None else most
    usual = min(usual, most)
    return Bounds(least=min(least, usual), usual=usual, most=most)


def decide(
    bounds: Bounds, limit: Limit, pressure: Pressure, *, running: int, waiting: int
) -> Limit:
    """Return the next limit.

    Args:
        bounds: Where it may move.
        limit: The present one.
        pressure: What weighs on the engine.
        running: Attempts that hold a permit.
        waiting: Steps that wait for one.
    """
    level = pressure.level
    if level in ("high", "critical"):
        pressed = limit.pressed + 1
        if pressed < FALL_AFTER or running <= bounds.least:
            return Limit(value=limit.value, pressed=pressed)
        # Of those that run: a limit far above them would fall for long without effect.
        lowered = int(min(limit.value, running) * (FALL_FAST if level == "critical" else FALL))
        return Limit(value=max(bounds.least, lowered))
    if level == "moderate":
        return Limit(value=limit.value)
    eased = limit.eased + 1
    top = bounds.most if waiting else bounds.usual
    if eased < RISE_AFTER or limit.value == top:
        return Limit(value=limit.value, eased=eased)
    return Limit(value=min(top, int(limit.value * RISE) + 1), eased=eased)
