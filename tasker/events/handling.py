"""Has a subscriber's method handle an event, on the event loop or in a thread."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol

import anyio.to_thread
from anyio import CapacityLimiter

from tasker.events.event import Event
from tasker.events.subscriber import BaseSubscriber
from tasker.telemetry.engine_log import logger
from tasker.telemetry.masking import Masker

_masker = Masker()


class Handling:
    """Calls the methods of one subscriber.

    An ``async def`` runs on the event loop. A ``def`` runs in a thread that no other
    subscriber waits for, so it may block.

    Args:
        subscriber: Whose methods.
        threads: How many of its plain ``def`` may run at once.
    """

    def __init__(self, subscriber: BaseSubscriber, threads: int = 1) -> None:
        self._subscriber = subscriber
        self._threads = CapacityLimiter(threads)
        self._methods: dict[type[Event], tuple[Callable[[Event], Any] | None, bool]] = {}

    async def handle(self, event: Event) -> None:
        """Have an event handled; raises whatever the subscriber raises."""
        if not self._subscriber.should_process_event(event):
            return
        method, is_async = self._method(event)
        if method is None:
            return
        if is_async:
            await method(event)
            return
        handled = await anyio.to_thread.run_sync(
            method, event, abandon_on_cancel=True, limiter=self._threads
        )
        if inspect.isawaitable(handled):
            await handled

    async def close(self) -> None:
        """Have the subscriber let go of what it holds; what that raises is logged."""
        try:
            await self._subscriber.aclose()
        except Exception:
            logger.exception("subscriber %s failed to close", self._subscriber.name)

    def _method(self, event: Event) -> tuple[Callable[[Event], Any] | None, bool]:
        found = self._methods.get(type(event))
        if found is None:
            method = self._subscriber.method_for(event.name)
            found = self._methods[type(event)] = (method, _is_async(method))
        return found


class Named(Protocol):
    """An event, or what is known of one that cannot be read."""

    @property
    def name(self) -> str:
        """The event's name."""


class Failures:
    """Counts and logs what a subscriber raises, without filling the log.

    Args:
        name: Whose they are, for the log.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self._last: tuple[str, str] | None = None

    @property
    def last(self) -> str | None:
        """What it raised last, without secrets."""
        # Masked when somebody looks: most are never looked at, and it takes its time.
        return None if self._last is None else _masker.text(": ".join(self._last))

    def add(self, event: Named, error: BaseException) -> None:
        """Count one: what handling an event raised."""
        self.count += 1
        self._last = (type(error).__name__, str(error))
        # The 1st, 2nd, 4th, 8th …: one that always fails must not fill the log.
        if self.count & (self.count - 1) == 0:
            logger.warning(
                "%s failed on %s (%d so far): %s",
                self.name,
                event.name,
                self.count,
                self.last,
                exc_info=error,
            )


def _is_async(method: Any) -> bool:
    call = getattr(method, "__call__", None)  # noqa: B004 (an object whose call is async)
    return inspect.iscoroutinefunction(method) or inspect.iscoroutinefunction(call)
