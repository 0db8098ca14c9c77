"""Many numbers, told in a few."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from msgspec import Struct


class Summary(Struct, frozen=True, kw_only=True):
    """Repeats of one measurement.

    ``spread`` is (high - low) / median: how far to trust the median. 0 for a
    single sample, and where the median is 0.
    """

    median: float
    low: float
    high: float
    spread: float
    samples: tuple[float, ...]


class Latency(Struct, frozen=True, kw_only=True):
    """How long somebody waited, in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def summary(samples: Sequence[float]) -> Summary:
    """Return the median and spread of repeats; ValueError when there are none."""
    if not samples:
        raise ValueError("a summary takes at least one sample")
    median = statistics.median(samples)
    low, high = min(samples), max(samples)
    return Summary(
        median=median,
        low=low,
        high=high,
        spread=(high - low) / abs(median) if median else 0.0,
        samples=tuple(samples),
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least ``percent`` % of the values do not exceed.

    Nearest rank, so that it is a value that somebody saw. ``ordered`` ascends.
    """
    if not ordered:
        raise ValueError("a percentile takes at least one value")
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def latency(seconds: Sequence[float]) -> Latency:
    """Return the percentiles of waits that were measured in seconds."""
    ordered = sorted(seconds)
    return Latency(
        p50_ms=percentile(ordered, 50) * 1e3,
        p95_ms=percentile(ordered, 95) * 1e3,
        p99_ms=percentile(ordered, 99) * 1e3,
        max_ms=ordered[-1] * 1e3,
    )
