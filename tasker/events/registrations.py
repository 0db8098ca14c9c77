"""Tells of definitions that come and go."""

from __future__ import annotations

from tasker.definitions.definition import Definition
from tasker.events.announcer import Announcer
from tasker.events.registry import (
    HandlerRegistered,
    HandlerUnregistered,
    HandlerValidationFailed,
)


class Registrations:
    """Hears a registry. Its methods may be called from any thread."""

    def __init__(self, announcer: Announcer) -> None:
        self._tell = announcer.tell

    def registered(self, definition: Definition, source: str) -> None:
        """A definition can be had by its name from now on."""
        self._tell(HandlerRegistered, source=source, **_named(definition))

    def unregistered(self, definition: Definition) -> None:
        """It can be had no more."""
        self._tell(HandlerUnregistered, **_named(definition))

    def refused(self, error: Exception) -> None:
        """Definitions were not registered."""
        self._tell(HandlerValidationFailed, error=str(error))


def _named(definition: Definition) -> dict[str, str]:
    return {
        "namespace": definition.namespace,
        "task_name": definition.name,
        "version": definition.version,
    }
