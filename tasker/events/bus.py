"""Events of one engine, made from durable transitions, for those who listen."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self

import anyio
from msgspec import Struct

from tasker.actors.workflow.state import WorkflowState
from tasker.stores.encoding import decode
from tasker.stores.records import Transition

_TASK_EVENTS = {
    ("", "pending"): "task.created",
    ("pending", "in_progress"): "task.start_requested",
    ("error", "pending"): "task.retry_requested",
    ("paused", "in_progress"): "task.resumed",
    ("", "paused"): "task.paused",
    ("", "complete"): "task.completed",
    ("", "error"): "task.failed",
    ("", "cancelled"): "task.cancelled",
    ("", "resolved_manually"): "task.resolved_manually",
}
_STEP_EVENTS = {
    "pending": "step.retry_requested",
    "in_progress": "step.execution_requested",
    "complete": "step.completed",
    "error": "step.failed",
    "cancelled": "step.cancelled",
    "resolved_manually": "step.resolved_manually",
}


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened, and is durable.

    ``step`` and ``attempt`` are None for events of the task; ``at`` is in Unix
    seconds; ``detail`` holds what the transition recorded.
    """

    name: str
    task_id: str
    namespace: str
    task_name: str
    version: str
    step: str | None
    attempt: int | None
    from_state: str | None
    to_state: str
    at: float
    detail: dict[str, Any]


class Subscription:
    """A bounded queue of events; when it is full, the oldest is dropped and counted."""

    def __init__(self, bus: EventBus, capacity: int) -> None:
        self._bus = bus
        self._events: deque[Event] = deque(maxlen=capacity)
        self._arrived = anyio.Event()
        self.dropped = 0

    def offer(self, event: Event) -> None:
        """Add an event; never waits."""
        if len(self._events) == self._events.maxlen:
            self.dropped += 1
        self._events.append(event)
        self._arrived.set()

    def __enter__(self) -> Self:
        self._bus.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bus.remove(self)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._events:
                yield self._events.popleft()
            self._arrived = anyio.Event()
            await self._arrived.wait()


class EventBus:
    """Makes events from transitions, only while somebody listens."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self, capacity: int = 10_000) -> Subscription:
        """Return a subscription; it listens while it is entered with ``with``."""
        return Subscription(self, capacity)

    def add(self, subscription: Subscription) -> None:
        """Let a subscription hear of everything from now on."""
        self._subscriptions.append(subscription)

    def remove(self, subscription: Subscription) -> None:
        """Let it hear no more."""
        self._subscriptions.remove(subscription)

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """Tell of transitions that are durable."""
        if not self._subscriptions:
            return
        for transition in transitions:
            event = _event(state, transition, at)
            for subscription in self._subscriptions:
                subscription.offer(event)


def _event(state: WorkflowState, transition: Transition, at: float) -> Event:
    task = state.task
    if transition.step is not None:
        name = _STEP_EVENTS[transition.to_state]
    else:
        key = (transition.from_state or "", transition.to_state)
        name = _TASK_EVENTS.get(key) or _TASK_EVENTS[("", transition.to_state)]
    return Event(
        name=name,
        task_id=task.task_id,
        namespace=task.namespace,
        task_name=task.name,
        version=task.version,
        step=transition.step,
        attempt=transition.attempt,
        from_state=transition.from_state,
        to_state=transition.to_state,
        at=at,
        detail=decode(transition.detail) or {},
    )
