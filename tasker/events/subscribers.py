"""The subscribers of one engine: registered, run under supervision, drained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import anyio

from tasker.actors.supervisor import Supervisor
from tasker.errors import SubscriberError
from tasker.events.bus import EventBus
from tasker.events.delivery import Delivery, SubscriberStatistics
from tasker.events.durable import DurableDelivery
from tasker.events.known import EventCatalog
from tasker.events.mailbox import EventMailbox, WhenFull
from tasker.events.outbox import EventOutbox, check_durable
from tasker.events.registry import (
    SubscriberRegistered,
    SubscriberUnregistered,
    SubscriberValidationFailed,
)
from tasker.events.subscriber import BaseSubscriber, FunctionSubscriber

CAPACITY = 1_000
WHEN_FULL: WhenFull = "drop_oldest"

AnyDelivery = Delivery | DurableDelivery

F = TypeVar("F", bound=Callable[..., Any])


class Subscribers:
    """Those who hear an engine's events, each with a mailbox and an actor of its own.

    Args:
        bus: Brings events to mailboxes.
        catalog: The events that can be heard.
        outbox: What is recorded for durable subscriptions.
        deliver: Makes the actor of a durable subscription.
    """

    def __init__(
        self,
        bus: EventBus,
        catalog: EventCatalog,
        outbox: EventOutbox,
        deliver: Callable[[BaseSubscriber], DurableDelivery],
    ) -> None:
        self._bus = bus
        self._catalog = catalog
        self._outbox = outbox
        self._deliver = deliver
        self._deliveries: dict[str, AnyDelivery] = {}
        self._branch: Supervisor | None = None

    def add(
        self,
        subscriber: BaseSubscriber | type[BaseSubscriber],
        *,
        capacity: int = CAPACITY,
        when_full: WhenFull = WHEN_FULL,
        durable: bool | None = None,
    ) -> AnyDelivery:
        """Have a subscriber hear events from now on; raises `SubscriberError`."""
        made = subscriber() if isinstance(subscriber, type) else subscriber
        durable = made.durable if durable is None else durable
        try:
            made.check(self._catalog)
            if durable:
                delivery: AnyDelivery = self._durable(made)
            else:
                delivery = self._live(made, self._mailbox(made.name, capacity, when_full))
        except SubscriberError as error:
            self._bus.tell(
                SubscriberValidationFailed, subscriber=error.subscriber, error=error.reason
            )
            raise
        name = delivery.subscriber_name
        self._deliveries[name] = delivery
        if self._branch is not None:
            self._branch.launch(delivery)
        self._bus.tell(SubscriberRegistered, subscriber=name, events=delivery.patterns.texts)
        return delivery

    def _live(self, made: BaseSubscriber, mailbox: EventMailbox) -> Delivery:
        name, number = made.name, 1
        while name in self._deliveries:
            number += 1
            name = f"{made.name}-{number}"
        delivery = Delivery(name, made, mailbox)
        self._bus.add(delivery.patterns, mailbox)
        return delivery

    def _durable(self, made: BaseSubscriber) -> DurableDelivery:
        if made.name in self._deliveries:
            raise SubscriberError(
                subscriber=made.name,
                reason="another subscriber has this name, by which a durable subscription is "
                "known in the store; give each a name of its own",
            )
        check_durable(made)
        delivery = self._deliver(made)
        self._outbox.subscribe(made.name, delivery.patterns)
        return delivery

    def on(
        self,
        names: Sequence[str],
        *,
        name: str | None,
        capacity: int,
        when_full: WhenFull,
        durable: bool,
    ) -> Callable[[F], F]:
        """Return a decorator that has a function hear events."""

        def register(function: F) -> F:
            made = FunctionSubscriber(function, events=names, name=name)
            self.add(made, capacity=capacity, when_full=when_full, durable=durable)
            return function

        return register

    def remove(self, delivery: AnyDelivery) -> None:
        """Have a subscriber hear no more; what waits for it is dropped.

        What waits for a durable one stays in the store, and is recorded on.
        """
        if self._deliveries.pop(delivery.subscriber_name, None) is None:
            return
        if self._branch is not None:
            self._branch.cancel(delivery)
        if isinstance(delivery, Delivery):
            self._bus.remove(delivery.mailbox)
            delivery.mailbox.clear()
        done = delivery.statistics()
        self._bus.tell(
            SubscriberUnregistered,
            subscriber=done.name,
            delivered=done.delivered,
            failed=done.failed,
            dropped=done.dropped,
        )

    def forget(self, name: str) -> None:
        """Deliver the durable subscription of a name no more, and record nothing for it."""
        delivery = self._deliveries.get(name)
        if isinstance(delivery, DurableDelivery):
            self.remove(delivery)
        self._outbox.forget(name)

    async def declare(self) -> None:
        """Have the durable subscriptions in the store; raises `StoreError`."""
        for delivery in self._deliveries.values():
            if isinstance(delivery, DurableDelivery):
                await delivery.declare()

    def open(self, branch: Supervisor) -> None:
        """Run the subscribers, those to come too, under a supervisor."""
        self._branch = branch
        for delivery in self._deliveries.values():
            branch.launch(delivery)

    async def drain(self, seconds: float) -> None:
        """Let the subscribers handle what waits, for no longer than that."""
        with anyio.move_on_after(seconds):
            for delivery in list(self._deliveries.values()):
                await delivery.idle()

    def statistics(self) -> tuple[SubscriberStatistics, ...]:
        """Return how each does, in the order of their registration."""
        return tuple(delivery.statistics() for delivery in self._deliveries.values())

    def _mailbox(self, name: str, capacity: int, when_full: WhenFull) -> EventMailbox:
        try:
            return EventMailbox(f"subscriber {name}", capacity, when_full, self._bus.look_at_held)
        except ValueError as error:
            raise SubscriberError(subscriber=name, reason=str(error)) from error
