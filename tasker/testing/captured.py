"""What an engine told of, kept for a test to look at."""

from __future__ import annotations

from tasker.events import Event, EventBus, Subscription

MOST_EVENTS = 1_000_000


class CapturedEvents(Subscription):
    """Every event of an engine since it was opened, in order."""

    def __init__(self, bus: EventBus) -> None:
        super().__init__(bus, MOST_EVENTS)

    @property
    def events(self) -> tuple[Event, ...]:
        """All of them."""
        return tuple(self._events)

    def of(self, task_id: str, step: str | None = None) -> tuple[Event, ...]:
        """Return those of one task, or of one of its steps."""
        return tuple(
            event
            for event in self._events
            if event.task_id == task_id and (step is None or event.step == step)
        )

    def names(self, task_id: str | None = None) -> list[str]:
        """Return the names of a task's events, or of all.

        engine.captured.names(task_id)[-1] == "task.completed"
        """
        return [event.name for event in self._events if task_id is None or event.task_id == task_id]

    def clear(self) -> None:
        """Forget those that were captured so far."""
        self._events.clear()
