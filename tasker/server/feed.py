"""Events as they happen, for many readers at once."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio

from tasker.engine import Engine
from tasker.events.event import Event, TaskEvent
from tasker.events.patterns import Patterns
from tasker.events.subscriber import FunctionSubscriber
from tasker.events.subscribers import AnyDelivery

FEED_CAPACITY = 20_000
"""Events that may wait for the feed itself, which has little to do for each."""


class Reader:
    """One reader of the feed: a queue of events that ends when it is full.

    Whoever is too slow is cut off rather than shown a stream with holes: they come back,
    and go on after the last event that they saw.
    """

    def __init__(self, patterns: Patterns, capacity: int) -> None:
        self._patterns = patterns
        self._capacity = capacity
        self._waiting: deque[Event] = deque()
        self._changed = anyio.Event()
        self.ended = False

    def offer(self, event: Event) -> None:
        """Take an event, if it is meant and there is room."""
        if self.ended or not self._patterns.match(event.name):
            return
        if len(self._waiting) >= self._capacity:
            self.end()
            return
        self._waiting.append(event)
        self._changed.set()

    def end(self) -> None:
        """Give out what waits, and no more."""
        self.ended = True
        self._changed.set()

    async def next(self, timeout_seconds: float) -> Event | None:
        """Return the next event; None when there is none for so long, or it has ended."""
        with anyio.move_on_after(timeout_seconds):
            while not self._waiting and not self.ended:
                self._changed = anyio.Event()
                await self._changed.wait()
        return self._waiting.popleft() if self._waiting else None


class Feed:
    """Hears the events of an engine once, whatever number of readers there are.

    It begins to listen with the first reader, since events that nobody hears cost nothing,
    and keeps the latest ones from then on, for those who lose their connection.
    """

    def __init__(self, engine: Engine, *, buffer: int, history: int) -> None:
        self._engine = engine
        self._buffer = buffer
        self._past: deque[Event] = deque(maxlen=history)
        self._readers: set[Reader] = set()
        self._watches: dict[str, set[anyio.Event]] = {}
        self._hears: dict[str, AnyDelivery] = {}
        self._closed = False

    @property
    def readers(self) -> int:
        """How many read, of one task or of all."""
        return len(self._readers) + sum(map(len, self._watches.values()))

    @contextmanager
    def read(self, names: tuple[str, ...], after: str | None) -> Iterator[tuple[Reader, bool]]:
        """Read events of these names, from the one after ``after`` where that is still known.

        Gives the reader, and whether events may be missing between ``after`` and its first.
        """
        reader = Reader(Patterns(names or ("*",)), self._buffer)
        self._listen("all", ("*",), self._tell)
        missed = after is not None and not self._catch_up(reader, after)
        self._readers.add(reader)
        if self._closed:
            reader.end()
        try:
            yield reader, missed
        finally:
            self._readers.discard(reader)

    async def changes(self, task_id: str, every_seconds: float) -> AsyncIterator[bool]:
        """Yield whenever something of a task was recorded, True, or so many seconds passed."""
        self._listen("changes", ("task.*", "step.*"), self._touch)
        while not self._closed:
            changed = anyio.Event()
            watches = self._watches.setdefault(task_id, set())
            watches.add(changed)
            try:
                yield changed.is_set()
                with anyio.move_on_after(every_seconds):
                    await changed.wait()
            finally:
                watches.discard(changed)
                if not watches and self._watches.get(task_id) is watches:
                    del self._watches[task_id]

    def close(self) -> None:
        """End all readers."""
        self._closed = True
        for reader in self._readers:
            reader.end()
        for watches in self._watches.values():
            for changed in watches:
                changed.set()
        for delivery in self._hears.values():
            self._engine.unsubscribe(delivery)
        self._hears.clear()

    async def _tell(self, event: Event) -> None:
        self._past.append(event)
        for reader in self._readers:
            reader.offer(event)

    async def _touch(self, event: Event) -> None:
        if isinstance(event, TaskEvent):
            for changed in self._watches.get(event.task_id, ()):
                changed.set()

    def _listen(
        self, what: str, names: tuple[str, ...], hear: Callable[[Event], Awaitable[None]]
    ) -> None:
        if what not in self._hears and not self._closed:
            subscriber = FunctionSubscriber(hear, events=names, name=f"server-{what}")
            self._hears[what] = self._engine.subscribe(subscriber, capacity=FEED_CAPACITY)

    def _catch_up(self, reader: Reader, after: str) -> bool:
        """Offer what came after an event; return whether that one is known."""
        events = list(self._past)
        for at in range(len(events) - 1, -1, -1):
            if events[at].event_id == after:
                for event in events[at + 1 :]:
                    reader.offer(event)
                return True
        return False
