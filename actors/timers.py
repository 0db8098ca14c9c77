"""All waiting of the runtime, in one heap and one sleeping actor."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

import anyio

from tasker.actors.actor import Actor
from tasker.actors.protocols import Clock

SWEEP_FROM = 1_024
"""Timers from which on the cancelled ones are looked for and dropped."""
LONGEST_SLEEP_SECONDS = 60.0
"""Bound of one sleep, so that a wall clock that was set is noticed."""


class Timer:
    """A call to come. Cancelling it is free; it is dropped later."""

    __slots__ = ("at", "callback")

    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Do not call."""
        self.callback = None


class Timers(Actor):
    """Calls back when the clock says so.

    One heap for step timeouts, retries and deadlines: setting a timer costs a
    heap push, where a cancel scope with a deadline would cost ten times that.
    Callbacks must return at once; they send messages.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__("timers")
        self._clock = clock
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._sweep_at = SWEEP_FROM
        self._earlier = anyio.Event()

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_at(self) -> float | None:
        """The earliest timer that was not cancelled, or None."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back at an instant, at once if it has passed."""
        timer = Timer(when, callback)
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        first = not self._heap or when < self._heap[0][0]
        heapq.heappush(self._heap, (when, next(self._order), timer))
        if first:
            self._earlier.set()
        return timer

    async def run(self) -> None:
        """Sleep until the earliest timer, call, repeat."""
        while True:
            self._earlier = anyio.Event()
            self._call_due(self._clock.now())
            at = self.next_at
            wait = None if at is None else at - self._clock.now()
            if wait is None or wait > 0:
                bound = None if wait is None else min(wait, LONGEST_SLEEP_SECONDS)
                await self._clock.wait(self._earlier, bound)
            else:
                await anyio.lowlevel.checkpoint()

    def _sweep(self) -> None:
        """Drop the cancelled timers: most timeouts are cancelled long before they are due."""
        self._heap = [entry for entry in self._heap if entry[2].callback is not None]
        heapq.heapify(self._heap)
        self._sweep_at = max(SWEEP_FROM, 2 * len(self._heap))

    def _call_due(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            timer = heapq.heappop(self._heap)[2]
            callback = timer.callback
            if callback is not None:
                timer.callback = None
                callback()
