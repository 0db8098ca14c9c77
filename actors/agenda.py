"""What waits in the store to be taken into memory, and when to look for it there."""

from __future__ import annotations

import anyio

from tasker.actors.protocols import Clock
from tasker.actors.timers import Timer, Timers


class Agenda:
    """What is known of the tasks that wait in the store, without asking it.

    ``named`` are tasks to be taken up by name: a dict for its order. What is claimed,
    or may be, and has no supervisor yet stays in it, so that no error or cancellation
    in between loses a task. ``backlog`` says whether there may be others that can run
    at once; with ``takes_up`` False nothing counts but what is named.
    """

    def __init__(self, clock: Clock, timers: Timers, *, takes_up: bool) -> None:
        self.named: dict[str, None] = {}
        self.backlog = takes_up
        self._takes_up = takes_up
        self._clock = clock
        self._timers = timers
        # When the next task is due: 0.0 for not known, None for never.
        self._due_at: float | None = 0.0
        self._wake: Timer | None = None
        self._look = anyio.Event()

    @property
    def waits(self) -> bool:
        """Whether something may wait that is to be taken up now, if there is room."""
        return bool(self.named) or (self._takes_up and (self.backlog or self.is_due))

    @property
    def is_due(self) -> bool:
        """Whether the instant of some task has come, or may have."""
        return self._due_at is not None and self._due_at <= self._clock.now()

    def know_nothing(self) -> None:
        """Take nothing for granted: somebody else wrote to the store, or it failed."""
        self.backlog = self._takes_up
        self._due_at = 0.0

    # When to look

    def look(self) -> None:
        """Have the store looked at soon."""
        self._look.set()

    def look_begins(self) -> None:
        """Take note of it: whatever is asked for from now on has another one follow."""
        self._look = anyio.Event()

    @property
    def look_wanted(self) -> bool:
        """Whether the store is to be looked at."""
        return self._look.is_set()

    async def wait(self, seconds: float | None) -> None:
        """Return when the store is to be looked at, or after so many seconds."""
        await self._clock.wait(self._look, seconds)

    def due_is_asked(self) -> None:
        """Forget when the next task is due: the store is about to be asked.

        What `due_by` is told from now on counts beside its answer.
        """
        self._due_at = None
        if self._wake is not None:
            self._wake.cancel()

    def due_is_answered(self, at: float | None) -> None:
        """Take note of the store's answer, None for never.

        What is due already has no look follow: it was looked for, and there was no room.
        """
        if at is not None and at > self._clock.now():
            self.due_by(at)
        elif at is not None:
            self._due_at = at

    def due_by(self, at: float) -> None:
        """Take note that a task is due then."""
        self._due_at = at if self._due_at is None else min(self._due_at, at)
        self.look_by(at)

    def look_by(self, at: float) -> None:
        """Have the store looked at by then, at the latest."""
        wake = self._wake
        if wake is not None and wake.callback is not None:
            if wake.at <= at:
                return
            wake.cancel()
        self._wake = self._timers.at(at, self.look)
