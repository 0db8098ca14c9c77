"""Tells of definitions that come and go, whichever thread has them come and go."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from tasker.definitions.definition import Definition
from tasker.events.bus import EventBus
from tasker.events.event import Event
from tasker.events.registry import (
    HandlerRegistered,
    HandlerUnregistered,
    HandlerValidationFailed,
)


class Registrations:
    """Hears a registry. Its methods may be called from any thread."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.get_ident()

    def open(self) -> None:
        """Take note of the event loop that the listeners are in; called in it."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def registered(self, definition: Definition, source: str) -> None:
        """A definition can be had by its name from now on."""
        self._tell(HandlerRegistered, source=source, **_named(definition))

    def unregistered(self, definition: Definition) -> None:
        """It can be had no more."""
        self._tell(HandlerUnregistered, **_named(definition))

    def refused(self, error: Exception) -> None:
        """Definitions were not registered."""
        self._tell(HandlerValidationFailed, error=str(error))

    def _tell(self, kind: type[Event], **facts: Any) -> None:
        loop = self._loop
        if loop is None or threading.get_ident() == self._thread:
            self._bus.tell(kind, **facts)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(lambda: self._bus.tell(kind, **facts))


def _named(definition: Definition) -> dict[str, str]:
    return {
        "namespace": definition.namespace,
        "task_name": definition.name,
        "version": definition.version,
    }
