"""Moves the limit of steps with the pressure on the engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Self

from msgspec import Struct

from tasker.actors.journal import Journal
from tasker.actors.permits import Permits
from tasker.concurrency import (
    MOST_COMMIT_SECONDS,
    MOST_LAG_SECONDS,
    MOST_QUEUE_SECONDS,
    Bounds,
    ConcurrencyStatistics,
    Limit,
    Pressure,
    decide,
)
from tasker.telemetry.engine_log import logger
from tasker.telemetry.metrics.commits import MeasuredCommits
from tasker.watchdog import Watchdog


class LimitChange(Struct, frozen=True, kw_only=True):
    """The limit moved, and why."""

    before: int
    after: int
    pressure: Pressure


class PressureGauge:
    """Measures what weighs on an engine, from one look to the next.

    Args:
        journal: Whose queue is looked at.
        batch: Appends that one commit takes at most.
        commits: What knows how long commits took.
        watchdog: What knows how late the event loop was.
    """

    def __init__(
        self, journal: Journal, batch: int, commits: MeasuredCommits, watchdog: Watchdog
    ) -> None:
        self._journal = journal
        self._batch = batch
        self._commits = commits
        self._watchdog = watchdog
        self._seen = (0, 0.0)
        self._heard = (0, 0.0)

    def measure(self) -> Pressure:
        """Return the loads since the last call."""
        commit = max(self._mean_commit(), self._commits.under_way_seconds)
        # A queue that the next commit takes along costs nothing: it fills the commit.
        beyond = max(0, self._journal.statistics().queued - self._batch)
        return Pressure(
            journal=beyond / self._batch * commit / MOST_QUEUE_SECONDS,
            loop=self._mean_lag() / MOST_LAG_SECONDS,
            store=commit / MOST_COMMIT_SECONDS,
        )

    def _mean_commit(self) -> float:
        count, seconds = self._commits.seconds.count, self._commits.seconds.sum
        (before, earlier), self._seen = self._seen, (count, seconds)
        return (seconds - earlier) / (count - before) if count > before else 0.0

    def _mean_lag(self) -> float:
        beats, seconds = self._watchdog.beats, self._watchdog.late_seconds
        (before, earlier), self._heard = self._heard, (beats, seconds)
        return (seconds - earlier) / (beats - before) if beats > before else 0.0


class Governor:
    """Looks at the pressure again and again, and sets the limit of the permits.

    Args:
        permits: Whose limit it is.
        bounds: Where it may move.
        seconds: How long a decision stands.
        measure: What the pressure is.
        tell: Hears of each change, which is logged in any case.
    """

    def __init__(
        self,
        permits: Permits,
        bounds: Bounds,
        seconds: float,
        measure: Callable[[], Pressure],
        tell: Callable[[LimitChange], None] = lambda change: None,
    ) -> None:
        self._permits = permits
        self._bounds = bounds
        self._seconds = seconds
        self._measure = measure
        self._tell = tell
        self._limit = Limit(value=permits.limit)
        self._pressure = Pressure()
        self._lowered = self._raised = 0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        """Look from now on, in the running event loop."""
        self._set_timer()
        return self

    def __exit__(self, *exc: object) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Measure once, and decide."""
        self._pressure = self._measure()
        stand = self._permits.statistics()
        before = self._limit.value
        self._limit = decide(
            self._bounds,
            self._limit,
            self._pressure,
            running=stand.in_use,
            waiting=stand.waiting,
        )
        after = self._limit.value
        if after == before:
            return
        self._lowered += after < before
        self._raised += after > before
        self._permits.set_limit(after)
        change = LimitChange(before=before, after=after, pressure=self._pressure)
        _log(change)
        self._tell(change)

    def statistics(self) -> ConcurrencyStatistics:
        """Return how the limit stands."""
        return ConcurrencyStatistics(
            limit=self._limit.value,
            bounds=self._bounds,
            pressure=self._pressure,
            lowered=self._lowered,
            raised=self._raised,
        )

    def _set_timer(self) -> None:
        # The loop's own timer: it is to tick in real time, and to keep no test's clock busy.
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._go_round)

    def _go_round(self) -> None:
        self._set_timer()
        self.look()


def _log(change: LimitChange) -> None:
    loads = change.pressure.sources()
    lowered = change.after < change.before
    logger.log(
        logging.WARNING if lowered else logging.INFO,
        "at most %d steps run at once from now on, %s than %d: pressure is %s (%s)",
        change.after,
        "fewer" if lowered else "more",
        change.before,
        change.pressure.level,
        ", ".join(f"{source} {load:.0%}" for source, load in loads.items()),
        extra={"before": change.before, "after": change.after, "pressure": loads},
    )
