"""How long a value is kept, by how it is used: the rules, without a cache or a clock."""

from __future__ import annotations

import math

from msgspec import Struct

# What is made of a time to live. A rule whose measure is not known yet does nothing.
OFTEN_HIT, OFTEN_HIT_FACTOR = 0.8, 1.5
SELDOM_HIT, SELDOM_HIT_FACTOR = 0.3, 0.7
SLOW_SECONDS, SLOW_FACTOR = 1.0, 1.3
FAST_SECONDS, FAST_FACTOR = 0.1, 0.8
FREQUENT_PER_MINUTE, FREQUENT_FACTOR = 100.0, 1.2
RARE_PER_MINUTE, RARE_FACTOR = 5.0, 0.9
PRESSURE_FACTOR = 0.5
FEWEST_ACCESSES = 10
"""Accesses before a hit rate and a frequency are believed."""


class CacheConfig(Struct, frozen=True, kw_only=True):
    """How values are kept.

    Attributes:
        default_ttl_seconds: How long, where the caller does not say.
        adaptive_ttl_enabled: Whether that is adapted to the use of the value.
        performance_tracking_enabled: Whether that use is measured. Without it nothing is
            adapted.
        hit_rate_smoothing_factor: What part of an average the past keeps at each access:
            of the hit rate, and of the time that a value takes to make. From 0, below 1.
        access_frequency_decay_rate: What part of the frequency of accesses is left after
            a second without any. Between 0 and 1.
        min_adaptive_ttl_seconds: The least that adapting makes of it.
        max_adaptive_ttl_seconds: The most.
        cache_pressure_threshold: From what utilisation of the cache on values are kept for
            half the time. From 0 to 1.
        adaptive_calculation_interval_seconds: How often the time for one group, and the
            utilisation, are found anew at most.
        max_value_bytes: The size, as JSON, from which on a value is not kept.
        max_tracked_groups: How many groups are measured; those used least recently are
            forgotten.
        fill_seconds: How long one process makes a value before another makes it too.
    """

    default_ttl_seconds: float = 300.0
    adaptive_ttl_enabled: bool = True
    performance_tracking_enabled: bool = True
    hit_rate_smoothing_factor: float = 0.9
    access_frequency_decay_rate: float = 0.95
    min_adaptive_ttl_seconds: float = 30.0
    max_adaptive_ttl_seconds: float = 3600.0
    cache_pressure_threshold: float = 0.8
    adaptive_calculation_interval_seconds: float = 30.0
    max_value_bytes: int = 500_000
    max_tracked_groups: int = 1000
    fill_seconds: float = 30.0

    def __post_init__(self) -> None:
        wrong = [
            f"{name} is {getattr(self, name)}; it must be greater than 0"
            for name in _ABOVE_0
            if not 0 < getattr(self, name) < math.inf
        ]
        if not self.min_adaptive_ttl_seconds < self.max_adaptive_ttl_seconds:
            wrong.append("min_adaptive_ttl_seconds must be less than max_adaptive_ttl_seconds")
        if not 0 <= self.hit_rate_smoothing_factor < 1:
            wrong.append("hit_rate_smoothing_factor must be from 0 to below 1")
        if not 0 < self.access_frequency_decay_rate < 1:
            wrong.append("access_frequency_decay_rate must be between 0 and 1")
        if not 0 <= self.cache_pressure_threshold <= 1:
            wrong.append("cache_pressure_threshold must be from 0 to 1")
        if wrong:
            raise ValueError(f"invalid cache configuration: {'; '.join(wrong)}")


_ABOVE_0 = (
    "default_ttl_seconds",
    "min_adaptive_ttl_seconds",
    "max_adaptive_ttl_seconds",
    "adaptive_calculation_interval_seconds",
    "max_value_bytes",
    "max_tracked_groups",
    "fill_seconds",
)


class Use(Struct, frozen=True, kw_only=True):
    """How a value is used; None for what is not known yet.

    Attributes:
        hit_rate: The part of the accesses that found it, 0 to 1.
        generation_seconds: How long it takes to make.
        accesses_per_minute: How often it is wanted.
    """

    hit_rate: float | None = None
    generation_seconds: float | None = None
    accesses_per_minute: float | None = None


def adapted_ttl(
    base_seconds: float, use: Use, config: CacheConfig, *, under_pressure: bool = False
) -> float:
    """Return how many whole seconds to keep a value, or the base where nothing is adapted.

    The base is multiplied by the factor of each rule that holds, and kept between the
    least and the most of the configuration.
    """
    if not (config.adaptive_ttl_enabled and config.performance_tracking_enabled):
        return base_seconds
    ttl = base_seconds
    if use.hit_rate is not None:
        ttl *= _factor(use.hit_rate, SELDOM_HIT, SELDOM_HIT_FACTOR, OFTEN_HIT, OFTEN_HIT_FACTOR)
    if use.generation_seconds is not None:
        ttl *= _factor(use.generation_seconds, FAST_SECONDS, FAST_FACTOR, SLOW_SECONDS, SLOW_FACTOR)
    if use.accesses_per_minute is not None:
        ttl *= _factor(
            use.accesses_per_minute,
            RARE_PER_MINUTE,
            RARE_FACTOR,
            FREQUENT_PER_MINUTE,
            FREQUENT_FACTOR,
        )
    if under_pressure:
        ttl *= PRESSURE_FACTOR
    within = min(max(ttl, config.min_adaptive_ttl_seconds), config.max_adaptive_ttl_seconds)
    return float(math.floor(within)) if within >= 1 else within


def _factor(value: float, low: float, low_factor: float, high: float, high_factor: float) -> float:
    if value < low:
        return low_factor
    return high_factor if value > high else 1.0
