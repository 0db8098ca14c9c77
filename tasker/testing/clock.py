"""Clocks for tests: time stands until it is moved, or jumps over every wait."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

import anyio
from anyio.lowlevel import checkpoint

START = 1_700_000_000.0
"""When the time of a test begins, in Unix seconds: 2023-11-14 22:13:20 UTC."""
LOOK_SECONDS = 0.002
"""Real seconds between two looks at whether the attempts that run have ended."""
_TURNS = 20
"""Turns of the event loop that most work is done in; saves a slower check."""


class _Attempt:
    """An attempt of a step that runs, and how many sleeps on the clock it is in."""

    __slots__ = ("sleeps",)

    def __init__(self) -> None:
        self.sleeps = 0


_attempt: ContextVar[_Attempt | None] = ContextVar("tasker.testing.attempt", default=None)


class ManualClock:
    """A clock that moves when it is told to.

        clock = ManualClock()
        async with testing_engine(definition, clock=clock) as engine:
            task_id = await engine.submit(TaskRequest(name="checkout"))
            await clock.advance(30)     # a step with timeout_seconds=30 times out

    It is a `tasker.actors.protocols.Clock`, for one event loop.
    """

    def __init__(self, start: float = START) -> None:
        self._now = start
        self._order = itertools.count()
        self._waits: list[tuple[float, int, anyio.CancelScope]] = []
        self._asked = anyio.Event()
        self._advancing = False
        self._attempts: set[_Attempt] = set()

    def now(self) -> float:
        """Return the time in Unix seconds."""
        return self._now

    async def wait(self, event: anyio.Event, seconds: float | None) -> None:
        """Return when the event is set or that many seconds have gone by."""
        if seconds is None:
            await event.wait()
            return
        if seconds <= 0:
            await checkpoint()
            return
        with anyio.CancelScope() as scope:
            heapq.heappush(self._waits, (self._now + seconds, next(self._order), scope))
            self._asked.set()
            try:
                await event.wait()
            finally:
                # Marks the wait as over, so that time does not stop for it.
                scope.cancel()

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have gone by."""
        attempt = _attempt.get() or _Attempt()
        attempt.sleeps += 1
        try:
            await self.wait(anyio.Event(), seconds)
        finally:
            attempt.sleeps -= 1

    async def advance(self, seconds: float) -> None:
        """Move on by that many seconds, stopping wherever somebody waits for.

        Between the stops, and at the end, everything that can go on does so until
        it waits again. A ``def`` handler in its thread counts as waiting.
        """
        until = self._now + seconds
        self._advancing = True
        try:
            while True:
                await _settled()
                at = self.next_at
                if at is None or at > until:
                    break
                self._move(at)
            self._now = until
        finally:
            self._advancing = False

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Take what runs inside for an attempt of a step: time waits until it ends."""
        attempt = _Attempt()
        token = _attempt.set(attempt)
        self._attempts.add(attempt)
        try:
            yield
        finally:
            self._attempts.discard(attempt)
            _attempt.reset(token)

    @property
    def busy(self) -> bool:
        """Whether an attempt runs that does not itself sleep on this clock."""
        return any(not attempt.sleeps for attempt in self._attempts)

    @property
    def next_at(self) -> float | None:
        """When the next wait is over; None when nobody waits for a time."""
        while self._waits and self._waits[0][2].cancel_called:
            heapq.heappop(self._waits)
        return self._waits[0][0] if self._waits else None

    def _move(self, at: float) -> None:
        self._now = max(self._now, at)
        while self._waits and self._waits[0][0] <= self._now:
            heapq.heappop(self._waits)[2].cancel()


class JumpClock(ManualClock):
    """A clock that jumps to the next wait whenever nothing else is left to do.

    A backoff of minutes is over at once. Time stands while an attempt of a step
    runs, however long it takes: `advance` is what lets one time out.
    """

    @asynccontextmanager
    async def jumping(self) -> AsyncIterator[None]:
        """Jump, inside of ``async with``."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._jump)
            try:
                yield
            finally:
                group.cancel_scope.cancel()

    async def _jump(self) -> None:
        while True:
            if self.next_at is None:
                self._asked = anyio.Event()
                await self._asked.wait()
            if self._stands():
                # Before looking: two who look whether all others wait keep each other up.
                await anyio.sleep(LOOK_SECONDS)
                continue
            await _settled()
            if not self._stands() and (at := self.next_at) is not None:
                self._move(at)

    def _stands(self) -> bool:
        return self._advancing or self.busy


async def _settled() -> None:
    """Return when every task of the event loop waits for something."""
    for _ in range(_TURNS):
        await checkpoint()
    await anyio.wait_all_tasks_blocked()
