"""What an engine told of, kept for a test to look at."""

from __future__ import annotations

from typing import Any

from tasker.events import Event, EventBus, Subscription
from tasker.events.patterns import Patterns

MOST_EVENTS = 1_000_000


class CapturedEvents(Subscription):
    """Every event of an engine since it was opened, in order."""

    def __init__(self, bus: EventBus) -> None:
        super().__init__(bus, ("*",), capacity=MOST_EVENTS, when_full="drop_oldest")

    @property
    def events(self) -> tuple[Event, ...]:
        """All of them."""
        return tuple(self.mailbox.events)

    def of(self, task_id: str, step: str | None = None) -> tuple[Any, ...]:
        """Return those of one task, or of one of its steps; each of the class of its name."""
        return tuple(
            event
            for event in self.mailbox.events
            if event.get("task_id") == task_id and step in (None, event.get("step"))
        )

    def names(self, task_id: str | None = None, *patterns: str) -> list[str]:
        """Return the names of a task's events, or of all; with patterns, of those meant.

        engine.captured.names(task_id, "task.*")[-1] == "task.completed"
        """
        meant = Patterns(patterns or ("*",))
        return [
            event.name
            for event in self.mailbox.events
            if task_id in (None, event.get("task_id")) and meant.match(event.name)
        ]

    def clear(self) -> None:
        """Forget those that were captured so far."""
        self.mailbox.events.clear()
