"""How an engine's events are heard: as a stream, by a function, by a subscriber."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from tasker.events.bus import STREAM_CAPACITY, EventBus
from tasker.events.known import EventCatalog, EventInfo
from tasker.events.mailbox import WhenFull
from tasker.events.subscriber import BaseSubscriber
from tasker.events.subscribers import CAPACITY, WHEN_FULL, AnyDelivery, Subscribers
from tasker.events.subscription import Subscription

F = TypeVar("F", bound=Callable[..., Any])


class Listening(Protocol):
    """The verbs of an engine by which others listen to it.

    Names are those of `event_catalog`, ``order.*`` for all below a namespace, and ``*``
    for all. Each listener has a mailbox of ``capacity`` events; ``when_full`` says what
    becomes of an event for which there is no room, see `tasker.events.mailbox.WhenFull`.
    """

    event_catalog: EventCatalog
    _events: EventBus
    _subscribers: Subscribers

    def events(
        self,
        *names: str,
        capacity: int = STREAM_CAPACITY,
        when_full: WhenFull = "drop_oldest",
    ) -> Subscription:
        """Return a stream of events, all without names; enter it with ``with``.

        with engine.events("task.*") as events:
            async for event in events:
                ...

        Raises:
            EventNameError: A name is that of no event.
        """
        for name in names:
            self.event_catalog.check_subscribable(name)
        return self._events.stream(names or ("*",), capacity=capacity, when_full=when_full)

    def on(
        self,
        *names: str,
        name: str | None = None,
        capacity: int = CAPACITY,
        when_full: WhenFull = WHEN_FULL,
        durable: bool = False,
    ) -> Callable[[F], F]:
        """Have a function hear events; ``async def`` on the event loop, ``def`` in a thread.

        With ``durable`` it misses none, see `subscribe`.

            @engine.on("task.failed")
            async def alert(event):
                ...

        Raises:
            SubscriberError: A name is that of no event.
        """
        return self._subscribers.on(
            names, name=name, capacity=capacity, when_full=when_full, durable=durable
        )

    def subscribe(
        self,
        subscriber: BaseSubscriber | type[BaseSubscriber],
        *,
        capacity: int = CAPACITY,
        when_full: WhenFull = WHEN_FULL,
        durable: bool | None = None,
    ) -> AnyDelivery:
        """Have a subscriber hear events from now on, and return what delivers them.

        Its ``statistics()`` count what was delivered, dropped and what failed.

        A ``durable`` one has a subscription in the store under its name, with a cursor:
        every event of a decision from now on is delivered to it at least once, whatever
        becomes of this process. For it ``capacity`` and ``when_full`` do not count;
        its ``policy`` does. None takes ``subscriber.durable``.

        Raises:
            SubscriberError: It cannot hear what it asks for.
        """
        return self._subscribers.add(
            subscriber, capacity=capacity, when_full=when_full, durable=durable
        )

    def unsubscribe(self, delivery: AnyDelivery) -> None:
        """Have a subscriber hear no more; what waits for it is dropped.

        A durable subscription stays in the store, and goes on with the next process that
        declares it; `tasker.subscriptions.Subscriptions.remove` ends it.
        """
        self._subscribers.remove(delivery)

    def register_event(self, name: str, description: str = "") -> EventInfo:
        """Let every step of this engine publish a custom event.

        Raises:
            EventNameError: It has no namespace, or one of the engine's; or it is
                registered with another description.
        """
        return self.event_catalog.register(name, description)
