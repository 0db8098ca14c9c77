"""A subscriber's events, waiting to be delivered: bounded, and never waited for by the engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal, get_args

import anyio

from tasker.actors.mailbox import MailboxStatistics
from tasker.events.event import Event, TaskEvent
from tasker.telemetry.engine_log import logger

WhenFull = Literal["block", "drop_oldest", "drop_newest"]
"""What becomes of an event for which there is no room.

``drop_oldest`` makes room for it, ``drop_newest`` drops it; both count. ``block`` takes
it all the same, and holds the task that it is of back before its next decision, until
there is room again: the mailbox holds at most what each live task tells at once beyond
its capacity, and nothing is lost while the process lives.
"""
WHEN_FULL: tuple[str, ...] = get_args(WhenFull)


class EventMailbox:
    """One subscriber's events, in order. Offered and taken in the event loop alone.

    Args:
        name: Whose it is, for the log.
        capacity: How many events may wait.
        when_full: What becomes of the others.
        on_held: Called when tasks begin to be held back, and when none is any more.
        on_dropped: Called for each event that is dropped because there was no room.
    """

    def __init__(
        self,
        name: str,
        capacity: int,
        when_full: WhenFull,
        on_held: Callable[[], None] = lambda: None,
        on_dropped: Callable[[], None] | None = None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"capacity is {capacity}; it must be at least 1")
        if when_full not in WHEN_FULL:
            raise ValueError(f"when_full is {when_full!r}; it must be {', '.join(WHEN_FULL)}")
        self.name = name
        self.capacity = capacity
        self.when_full = when_full
        self.events: deque[Event] = deque()
        self.received = 0
        self.dropped = 0
        self.held: set[str] = set()
        self._on_held = on_held
        self._on_dropped = on_dropped
        self._arrived: anyio.Event | None = None
        self._room = anyio.Event()
        self._released = False

    def offer(self, event: Event) -> None:
        """Add an event, or drop one, as ``when_full`` says; never waits."""
        self.received += 1
        events = self.events
        if len(events) >= self.capacity:
            if self.when_full == "block":
                self._hold(event)
            else:
                if not self.dropped:
                    self._say_too_slow()
                self.dropped += 1
                if self._on_dropped is not None:
                    self._on_dropped()
                if self.when_full == "drop_newest":
                    return
                events.popleft()
        events.append(event)
        if self._arrived is not None:
            self._arrived.set()
            self._arrived = None

    async def get(self) -> Event:
        """Take the oldest event, waiting for one."""
        while not self.events:
            # There is one only while somebody waits: to set it costs more than to add.
            if self._arrived is None:
                self._arrived = anyio.Event()
            await self._arrived.wait()
        event = self.events.popleft()
        if self.held and len(self.events) < self.capacity:
            self._let_go()
        return event

    async def room_for(self, task_id: str) -> None:
        """Return when a task is not held back."""
        while task_id in self.held:
            await self._room.wait()

    def release(self) -> None:
        """Hold no task back any more, whatever comes."""
        self._released = True
        self._let_go()

    def clear(self) -> int:
        """Drop what waits, and count it; return how many events that were."""
        left = len(self.events)
        self.dropped += left
        self.events.clear()
        self.release()
        return left

    def statistics(self) -> MailboxStatistics:
        """Return how it stands."""
        return MailboxStatistics(
            depth=len(self.events), capacity=self.capacity, received=self.received
        )

    def _hold(self, event: Event) -> None:
        if isinstance(event, TaskEvent) and not self._released:
            if not self.held:
                self._room = anyio.Event()
            self.held.add(event.task_id)
            self._on_held()

    def _let_go(self) -> None:
        self.held.clear()
        self._room.set()
        self._on_held()

    def _say_too_slow(self) -> None:
        logger.warning(
            "%s is too slow: %d events wait, and more are dropped (%s); its statistics count them",
            self.name,
            len(self.events),
            self.when_full,
        )
