"""How many steps run at once: in the process, and against each dependent system."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from tasker.actors.timers import Timer, Timers
from tasker.actors.workflow.plan import StepPlan

N = TypeVar("N", int, float)


class PermitStatistics(Struct, frozen=True, kw_only=True):
    """Permits given out, the bound, and who waits."""

    in_use: int
    limit: int
    waiting: int


class Waiter:
    """Somebody who wants a permit and was not given one at once."""

    __slots__ = ("granted", "step")

    def __init__(self, step: StepPlan, granted: Callable[[], None]) -> None:
        self.step = step
        self.granted: Callable[[], None] | None = granted

    def cancel(self) -> None:
        """Want it no more. `Permits` drops it when its turn comes."""
        self.granted = None


class _Limiter:
    """The bounds that share one key: attempts at once, and starts per second."""

    __slots__ = ("concurrency", "in_use", "next_start", "queue", "rate", "timer")

    def __init__(self, concurrency: int | None, rate: float | None) -> None:
        self.concurrency = concurrency
        self.rate = rate
        self.in_use = 0
        self.next_start = 0.0
        self.queue: list[tuple[int, int, Waiter]] = []
        self.timer: Timer | None = None

    def open_at(self, now: float) -> float | None:
        """Return when a start is possible: now, later, or None until one ends."""
        if self.concurrency is not None and self.in_use >= self.concurrency:
            return None
        return max(now, self.next_start) if self.rate else now

    def take(self, now: float) -> None:
        self.in_use += 1
        if self.rate:
            self.next_start = max(now, self.next_start) + 1.0 / self.rate


class Permits:
    """Gives each starting attempt a permit, highest priority first, then oldest.

    ``limit`` bounds the attempts of the process; a step's ``concurrency`` and
    ``rate`` bound those with its ``limit_key`` (where steps differ, the strictest
    bound seen holds). Starts under a rate are spaced evenly. Not safe to use from
    other threads.
    """

    def __init__(self, limit: int, timers: Timers, now: Callable[[], float]) -> None:
        self.limit = limit
        self._timers = timers
        self._now = now
        self._in_use = 0
        self._order = itertools.count()
        self._limiters: dict[str | None, _Limiter] = {None: _Limiter(None, None)}
        self._waiting = 0

    def try_acquire(self, step: StepPlan) -> bool:
        """Take a permit if one is free and nobody waits for one like it."""
        limiter = self._limiter(step)
        if step.limit_key is None:
            # Only the bound of the process: most steps, so no more calls than needed.
            if limiter.queue or self._in_use >= self.limit:
                return False
            self._in_use += 1
            limiter.in_use += 1
            return True
        now = self._now()
        opens = limiter.open_at(now)
        if limiter.queue or self._in_use >= self.limit or opens is None or opens > now:
            return False
        self._in_use += 1
        limiter.take(now)
        return True

    def wait(self, waiter: Waiter, priority: int) -> None:
        """Have the waiter's ``granted`` called once, with a permit taken; maybe at once."""
        limiter = self._limiter(waiter.step)
        heapq.heappush(limiter.queue, (-priority, next(self._order), waiter))
        self._waiting += 1
        self._dispatch()

    def release(self, step: StepPlan) -> None:
        """Give a permit back."""
        self._in_use -= 1
        self._limiter(step).in_use -= 1
        if self._waiting:
            self._dispatch()

    def set_limit(self, limit: int) -> None:
        """Change the bound of the process; what runs goes on."""
        self.limit = limit
        self._dispatch()

    def statistics(self) -> PermitStatistics:
        """Return how the permits stand."""
        return PermitStatistics(in_use=self._in_use, limit=self.limit, waiting=self._waiting)

    def _limiter(self, step: StepPlan) -> _Limiter:
        limiter = self._limiters.get(step.limit_key)
        if limiter is None:
            limiter = self._limiters[step.limit_key] = _Limiter(step.concurrency, step.rate)
        elif step.limit_key is not None:
            limiter.concurrency = _stricter(limiter.concurrency, step.concurrency)
            limiter.rate = _stricter(limiter.rate, step.rate)
        return limiter

    def _dispatch(self) -> None:
        """Grant what can be granted, in order of priority over all limiters."""
        now = self._now()
        while self._in_use < self.limit:
            best = self._best(now)
            if best is None:
                return
            waiter = heapq.heappop(best.queue)[2]
            self._waiting -= 1
            granted, waiter.granted = waiter.granted, None
            if granted is not None:
                self._in_use += 1
                best.take(now)
                granted()

    def _best(self, now: float) -> _Limiter | None:
        best: _Limiter | None = None
        for limiter in self._limiters.values():
            while limiter.queue and limiter.queue[0][2].granted is None:
                heapq.heappop(limiter.queue)
                self._waiting -= 1
            if not limiter.queue:
                continue
            opens = limiter.open_at(now)
            if opens is None:
                continue
            if opens > now:
                self._wake(limiter, opens)
            elif best is None or limiter.queue[0][:2] < best.queue[0][:2]:
                best = limiter
        return best

    def _wake(self, limiter: _Limiter, at: float) -> None:
        if limiter.timer is None or limiter.timer.callback is None:
            limiter.timer = self._timers.at(at, self._dispatch)


def _stricter(one: N | None, other: N | None) -> N | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
