"""How values are used, measured: true figures of this process, of a bounded number of groups."""

from __future__ import annotations

import math
from collections import OrderedDict
from copy import copy

from msgspec import Struct

from tasker.stores.caches.ttl import FEWEST_ACCESSES, CacheConfig, Use


class GroupUse(Struct, kw_only=True):
    """What was measured of the values of one group.

    Attributes:
        hits: How often a value was found.
        misses: How often it had to be made.
        hit_rate: The smoothed part of hits, 0 to 1.
        generation_seconds: The smoothed time that making takes; None before any was made.
        last_at: When it was wanted last, by the clock of the cache.
    """

    hits: int = 0
    misses: int = 0
    hit_rate: float = 0.0
    generation_seconds: float | None = None
    last_at: float = 0.0
    decayed_accesses: float = 0.0


class UseTracker:
    """Measures groups of values as they are wanted and made."""

    def __init__(self, config: CacheConfig) -> None:
        self._config = config
        self._groups: OrderedDict[str, GroupUse] = OrderedDict()

    def wanted(self, group: str, *, hit: bool, now: float) -> None:
        """Count an access."""
        use = self._group(group)
        first = use.hits + use.misses == 0
        keep = 0.0 if first else self._config.hit_rate_smoothing_factor
        use.hit_rate = use.hit_rate * keep + hit * (1 - keep)
        use.hits += hit
        use.misses += not hit
        gone = max(0.0, now - use.last_at)
        left = self._config.access_frequency_decay_rate**gone
        use.decayed_accesses = use.decayed_accesses * left + 1
        use.last_at = now

    def made(self, group: str, seconds: float) -> None:
        """Take note of how long it took to make a value."""
        use = self._group(group)
        keep = self._config.hit_rate_smoothing_factor
        before = seconds if use.generation_seconds is None else use.generation_seconds
        use.generation_seconds = before * keep + seconds * (1 - keep)

    def use_of(self, group: str) -> Use:
        """Return what is known of a group at its last access."""
        use = self._groups.get(group)
        if use is None:
            return Use()
        if use.hits + use.misses < FEWEST_ACCESSES:
            return Use(generation_seconds=use.generation_seconds)
        return Use(
            hit_rate=use.hit_rate,
            generation_seconds=use.generation_seconds,
            accesses_per_minute=self._per_minute(use.decayed_accesses),
        )

    def forget(self, group: str) -> bool:
        """Forget what was measured of a group; return whether there was something."""
        return self._groups.pop(group, None) is not None

    def groups(self) -> dict[str, GroupUse]:
        """Return a copy of what was measured, by group."""
        return {group: copy(use) for group, use in self._groups.items()}

    def _group(self, group: str) -> GroupUse:
        use = self._groups.get(group)
        if use is None:
            use = self._groups[group] = GroupUse()
            while len(self._groups) > self._config.max_tracked_groups:
                self._groups.popitem(last=False)
        self._groups.move_to_end(group)
        return use

    def _per_minute(self, decayed_accesses: float) -> float:
        # Accesses that come every T seconds and fade by d a second sum up to 1 / (1 - d^T),
        # which is 1 / (T * -ln d) + 1/2 and a little.
        return (decayed_accesses - 0.5) * -math.log(self._config.access_frequency_decay_rate) * 60
