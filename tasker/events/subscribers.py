"""The subscribers of one engine: registered, run under supervision, drained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import anyio

from tasker.actors.supervisor import Supervisor
from tasker.errors import SubscriberError
from tasker.events.bus import EventBus
from tasker.events.delivery import Delivery, SubscriberStatistics
from tasker.events.known import EventCatalog
from tasker.events.mailbox import EventMailbox, WhenFull
from tasker.events.registry import (
    SubscriberRegistered,
    SubscriberUnregistered,
    SubscriberValidationFailed,
)
from tasker.events.subscriber import BaseSubscriber, FunctionSubscriber

CAPACITY = 1_000
WHEN_FULL: WhenFull = "drop_oldest"

F = TypeVar("F", bound=Callable[..., Any])


class Subscribers:
    """Those who hear an engine's events, each with a mailbox and an actor of its own."""

    def __init__(self, bus: EventBus, catalog: EventCatalog) -> None:
        self._bus = bus
        self._catalog = catalog
        self._deliveries: dict[str, Delivery] = {}
        self._branch: Supervisor | None = None

    def add(
        self,
        subscriber: BaseSubscriber | type[BaseSubscriber],
        *,
        capacity: int = CAPACITY,
        when_full: WhenFull = WHEN_FULL,
    ) -> Delivery:
        """Have a subscriber hear events from now on; raises `SubscriberError`."""
        made = subscriber() if isinstance(subscriber, type) else subscriber
        try:
            made.check(self._catalog)
            mailbox = self._mailbox(made.name, capacity, when_full)
        except SubscriberError as error:
            self._bus.tell(
                SubscriberValidationFailed, subscriber=error.subscriber, error=error.reason
            )
            raise
        name, number = made.name, 1
        while name in self._deliveries:
            number += 1
            name = f"{made.name}-{number}"
        delivery = self._deliveries[name] = Delivery(name, made, mailbox)
        self._bus.add(delivery.patterns, mailbox)
        if self._branch is not None:
            self._branch.launch(delivery)
        self._bus.tell(SubscriberRegistered, subscriber=name, events=delivery.patterns.texts)
        return delivery

    def on(
        self, names: Sequence[str], *, name: str | None, capacity: int, when_full: WhenFull
    ) -> Callable[[F], F]:
        """Return a decorator that has a function hear events."""

        def register(function: F) -> F:
            made = FunctionSubscriber(function, events=names, name=name)
            self.add(made, capacity=capacity, when_full=when_full)
            return function

        return register

    def remove(self, delivery: Delivery) -> None:
        """Have a subscriber hear no more; what waits for it is dropped."""
        if self._deliveries.pop(delivery.subscriber_name, None) is None:
            return
        self._bus.remove(delivery.mailbox)
        if self._branch is not None:
            self._branch.cancel(delivery)
        delivery.mailbox.clear()
        done = delivery.statistics()
        self._bus.tell(
            SubscriberUnregistered,
            subscriber=done.name,
            delivered=done.delivered,
            failed=done.failed,
            dropped=done.dropped,
        )

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
