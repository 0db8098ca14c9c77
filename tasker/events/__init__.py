"""What happens, told to whoever listens: events, their catalog, subscribers."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasker.events.bus import EventBus
    from tasker.events.delivery import Delivery, SubscriberStatistics
    from tasker.events.durable import DurableDelivery
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
    from tasker.events.policy import DeliveryPolicy
    from tasker.events.signing import new_secret, verify_webhook
    from tasker.events.subscriber import BaseSubscriber
    from tasker.events.subscription import Subscription
    from tasker.events.webhooks import WebhookSubscriber

__all__ = [
    "BaseSubscriber",
    "CustomEvent",
    "Delivery",
    "DeliveryPolicy",
    "DurableDelivery",
    "Event",
    "EventBus",
    "EventCatalog",
    "EventField",
    "EventInfo",
    "StepEvent",
    "SubscriberStatistics",
    "Subscription",
    "TaskEvent",
    "WebhookSubscriber",
    "WhenFull",
    "catalog",
    "decode_event",
    "event_info",
    "events_of",
    "new_secret",
    "search_events",
    "verify_webhook",
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
    "tasker.events.durable": ("DurableDelivery",),
    "tasker.events.mailbox": ("WhenFull",),
    "tasker.events.policy": ("DeliveryPolicy",),
    "tasker.events.signing": ("new_secret", "verify_webhook"),
    "tasker.events.subscriber": ("BaseSubscriber",),
    "tasker.events.subscription": ("Subscription",),
    "tasker.events.webhooks": ("WebhookSubscriber",),
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
