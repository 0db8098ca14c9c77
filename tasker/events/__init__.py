"""What happens, told to whoever listens: events, their catalog, subscribers."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasker.events.bus import EventBus
    from tasker.events.delivery import Delivery, SubscriberStatistics
    from tasker.events.event import CustomEvent, Event, StepEvent, TaskEvent
    from tasker.events.known import (
        EventCatalog,
        EventField,
        EventInfo,
        catalog,
        decode_event,
        event_info,
        events_of,
        search_events,
    )
    from tasker.events.mailbox import WhenFull
    from tasker.events.subscriber import BaseSubscriber
    from tasker.events.subscription import Subscription

__all__ = [
    "BaseSubscriber",
    "CustomEvent",
    "Delivery",
    "Event",
    "EventBus",
    "EventCatalog",
    "EventField",
    "EventInfo",
    "StepEvent",
    "SubscriberStatistics",
    "Subscription",
    "TaskEvent",
    "WhenFull",
    "catalog",
    "decode_event",
    "event_info",
    "events_of",
    "search_events",
]

# Late, as in `tasker`: a worker process of a handler needs to know of `published` alone.
_HOMES = {
    "tasker.events.bus": ("EventBus",),
    "tasker.events.known": (
        *("EventCatalog", "EventField", "EventInfo", "catalog"),
        *("decode_event", "event_info", "events_of", "search_events"),
    ),
    "tasker.events.delivery": ("Delivery", "SubscriberStatistics"),
    "tasker.events.event": ("CustomEvent", "Event", "StepEvent", "TaskEvent"),
    "tasker.events.mailbox": ("WhenFull",),
    "tasker.events.subscriber": ("BaseSubscriber",),
    "tasker.events.subscription": ("Subscription",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(home), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
