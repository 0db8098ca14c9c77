"""Events as a stream, for ``async for``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tasker.events.event import Event
from tasker.events.mailbox import EventMailbox, WhenFull
from tasker.events.patterns import Patterns

if TYPE_CHECKING:
    from tasker.events.bus import EventBus


class Subscription:
    """A bounded queue of events, which fills while it is entered with ``with``.

    ``dropped`` counts those that were dropped because it was full.
    """

    def __init__(
        self, bus: EventBus, names: Iterable[str], *, capacity: int, when_full: WhenFull
    ) -> None:
        self._bus = bus
        self.patterns = Patterns(names)
        self.mailbox = EventMailbox(
            "a stream of events", capacity, when_full, bus.look_at_held, bus.stream_drops
        )

    @property
    def dropped(self) -> int:
        """How many events were dropped."""
        return self.mailbox.dropped

    def __enter__(self) -> Self:
        self._bus.add(self.patterns, self.mailbox)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bus.remove(self.mailbox)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            yield await self.mailbox.get()
