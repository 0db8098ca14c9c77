"""The base class of subscribers: which events they hear, and the method for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from tasker.errors import EventNameError, SubscriberError
from tasker.events import extract
from tasker.events.event import Event
from tasker.events.known import EventCatalog, types
from tasker.events.patterns import Patterns
from tasker.events.policy import DeliveryPolicy

Method = Callable[[Any], Any]


class BaseSubscriber:
    """Hears events. Subclass it, say which, and write a method for each.

        class ErrorTracker(BaseSubscriber):
            subscribe_to = ("task.failed", "step.*", "order.*")

            async def handle_task_failed(self, event):
                ...

            def handle_event(self, event):      # all that have no method of their own
                ...

    An event's method is ``handle_`` and its name with ``_`` for every other character:
    ``handle_task_failed``, ``handle_order_placed``. An ``async def`` runs on the event
    loop, a ``def`` in a thread of its own, so it may block. One event is handled at a
    time, in order; what a method raises is counted and logged, and the next event comes.

    Args:
        name: How it is called in statistics; its class's name when None.
        events: More names and patterns, for this one alone.
        config: What its YAML file or its maker gives it.
    """

    subscribe_to: ClassVar[Sequence[str]] = ()
    """Names, ``order.*`` for all below a namespace, or ``*`` for all."""

    durable: ClassVar[bool] = False
    """Whether it has a subscription in the store, and so misses nothing, by default."""

    policy: DeliveryPolicy = DeliveryPolicy()
    """How it is delivered to when it is durable."""

    def __init__(
        self,
        *,
        name: str | None = None,
        events: Sequence[str] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name or type(self).__name__
        self.config = dict(config or {})
        own = (self.subscribe_to,) if isinstance(self.subscribe_to, str) else self.subscribe_to
        self.events = tuple(dict.fromkeys([*own, *events]))

    def should_process_event(self, event: Event) -> bool:
        """Return whether to handle an event; asked of every one, on the event loop."""
        return True

    async def aclose(self) -> None:
        """Let go of what it holds, connections for one; called when it hears no more."""

    def method_for(self, name: str) -> Method | None:
        """Return what handles events of a name, None when nothing does."""
        own = getattr(self, method_name(name), None)
        found = own if own is not None else getattr(self, "handle_event", None)
        return found if callable(found) else None

    def check(self, catalog: EventCatalog) -> None:
        """Raise `SubscriberError` when it cannot hear what it asks for."""
        if not self.events:
            raise self._wrong("it hears nothing; set subscribe_to, or give events")
        for text in self.events:
            try:
                catalog.check_subscribable(text)
            except EventNameError as error:
                raise self._wrong(str(error)) from error
            if not self._handles(text):
                wanted = "handle_event" if "*" in text else method_name(text)
                raise self._wrong(f"nothing handles {text!r}; write a method {wanted}(self, event)")

    def _handles(self, text: str) -> bool:
        if "*" not in text:
            return self.method_for(text) is not None
        if callable(getattr(self, "handle_event", None)):
            return True
        patterns, prefix = Patterns([text]), method_name(text.rstrip("*."))
        methods = (each for each in dir(self) if each.startswith("handle_"))
        if any(self.method_for(name) for name in types() if patterns.match(name)):
            return True
        # Of a custom namespace, whose events may be declared later.
        return any(each.startswith(prefix) for each in methods)

    def _wrong(self, reason: str) -> SubscriberError:
        return SubscriberError(subscriber=self.name, reason=reason)

    # Facts of events, see `tasker.events.extract`

    safe_get = staticmethod(extract.safe_get)
    extract_core_attributes = staticmethod(extract.core_attributes)
    extract_step_attributes = staticmethod(extract.step_attributes)
    extract_timing_metrics = staticmethod(extract.timing_metrics)
    extract_error_metrics = staticmethod(extract.error_metrics)
    extract_performance_metrics = staticmethod(extract.performance_metrics)
    extract_metric_tags = staticmethod(extract.metric_tags)
    extract_numeric_metric = staticmethod(extract.numeric_metric)
    build_metric_name = staticmethod(extract.metric_name)


class FunctionSubscriber(BaseSubscriber):
    """A function that hears events."""

    def __init__(self, function: Method, *, events: Sequence[str], name: str | None = None) -> None:
        super().__init__(name=name or getattr(function, "__name__", "subscriber"), events=events)
        self.handle_event = function

    def method_for(self, name: str) -> Method | None:
        """Return the function."""
        return self.handle_event


def method_name(event: str) -> str:
    """Return the name of the method for an event: ``handle_task_completed``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", event)
    return "handle_" + re.sub(r"\W", "_", words).lower()
