"""Tells of what is not a task's, whichever thread it happens in."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from tasker.events.bus import EventBus
from tasker.events.event import Event


class Announcer:
    """Brings events to a bus in the event loop of its listeners."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.get_ident()

    def open(self) -> None:
        """Take note of the event loop that the listeners are in; called in it."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def tell(self, kind: type[Event], **facts: Any) -> None:
        """Publish something that has just happened, if anybody listens."""
        loop = self._loop
        if loop is None or threading.get_ident() == self._thread:
            self._bus.tell(kind, **facts)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(lambda: self._bus.tell(kind, **facts))
