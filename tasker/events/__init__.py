"""What happens, told to whoever listens."""

from tasker.events.bus import Event, EventBus, Subscription

__all__ = ["Event", "EventBus", "Subscription"]
