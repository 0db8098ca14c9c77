"""Events as they happen, for many readers at once."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio

from tasker.engine import Engine
from tasker.errors import StoreError
from tasker.events.event import Event, TaskEvent
from tasker.events.kept import KeptEvent, KeptEvents
from tasker.events.patterns import Patterns
from tasker.events.subscriber import FunctionSubscriber
from tasker.events.subscribers import AnyDelivery

SUBSCRIPTION = "server-events"
"""The durable subscription of what the store keeps for readers that come back."""
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

    def hears(self, name: str) -> bool:
        """Whether events of a name are meant."""
        return self._patterns.match(name)

    def offer(self, event: Event) -> None:
        """Take an event that is meant, if there is room."""
        if self.ended:
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
    and keeps the latest ones from then on, for those who lose their connection: in memory,
    and those of the names ``kept`` in the store as well. These are told in the order in
    which the store has them, so that whoever comes back after one of them misses none,
    whatever was restarted meanwhile. The others are told as they come, and are not
    ``resumable`` where any are kept.
    """

    def __init__(
        self, engine: Engine, *, buffer: int, history: int, kept: tuple[str, ...] = ()
    ) -> None:
        self._engine = engine
        self._buffer = buffer
        self._history = history
        self._past: deque[KeptEvent] = deque()
        self._ids: set[str] = set()
        self._kept: KeptEvents | None = None
        if kept:
            self._kept = engine.keep_events(SUBSCRIPTION, kept)
        self._begun = self._kept is None
        self._lock = anyio.Lock()
        self._readers: set[Reader] = set()
        # By the name of an event, until readers come or go: hundreds of them may read, and
        # most events are meant for none.
        self._routes: dict[str, tuple[Reader, ...]] = {}
        self._watches: dict[str, set[anyio.Event]] = {}
        self._hears: dict[str, AnyDelivery] = {}
        self._closed = False

    @property
    def readers(self) -> int:
        """How many read, of one task or of all."""
        return len(self._readers) + sum(map(len, self._watches.values()))

    async def begin(self) -> None:
        """Listen, if it does not yet.

        Raises:
            StoreError: The store, which is to keep events, cannot be used.
        """
        self._listen("all", ("*",), self._tell)
        async with self._lock:
            if self._kept is not None and not self._begun:
                for each in await self._kept.begin(self._history):
                    self._remember(each)
                self._begun = True

    @asynccontextmanager
    async def read(
        self, names: tuple[str, ...], after: str | None
    ) -> AsyncIterator[tuple[Reader, bool]]:
        """Read events of these names, from the one after ``after`` where that is still known.

        Gives the reader, and whether events may be missing between ``after`` and its first.
        """
        await self.begin()
        reader = Reader(Patterns(names or ("*",)), self._buffer)
        missed = after is not None and not self._catch_up(reader, after)
        self._readers.add(reader)
        self._routes.clear()
        if self._closed:
            reader.end()
        try:
            yield reader, missed
        finally:
            self._readers.discard(reader)
            self._routes.clear()

    def resumable(self, event: Event) -> bool:
        """Whether a reader that comes back can go on after an event."""
        return event.event_id in self._ids

    async def look(self) -> None:
        """Tell what the store has by now, should a word of it have been lost."""
        if self._kept is not None:
            with suppress(StoreError):
                async with self._lock:
                    await self._look(self._kept)

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
        if self._kept is None:
            self._remember(KeptEvent(0, event))
        elif self._kept.keeps(event.name):
            async with self._lock:
                if event.event_id not in self._ids and self._begun:
                    await self._look(self._kept)
            if event.event_id in self._ids:
                return
        self._offer(event)

    async def _look(self, kept: KeptEvents) -> None:
        for each in await kept.new():
            self._remember(each)
            self._offer(each.event)
        if self._past:
            # Each is a write: not before it is worth one.
            done = self._past[0].position - 1
            if done - kept.cursor > self._history // 10:
                await kept.forget(done)

    def _offer(self, event: Event) -> None:
        readers = self._routes.get(event.name)
        if readers is None:
            found = tuple(each for each in self._readers if each.hears(event.name))
            readers = self._routes[event.name] = found
        for reader in readers:
            reader.offer(event)

    def _remember(self, event: KeptEvent) -> None:
        self._past.append(event)
        self._ids.add(event.event.event_id)
        if len(self._past) > self._history:
            self._ids.discard(self._past.popleft().event.event_id)

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
        if after not in self._ids:
            return False
        events = [each.event for each in self._past]
        at = next(at for at, event in enumerate(events) if event.event_id == after)
        for event in events[at + 1 :]:
            if reader.hears(event.name):
                reader.offer(event)
        return True
