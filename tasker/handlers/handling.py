"""Tells that a handler is about to be called, and how it ended."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from tasker.actors.protocols import AttemptOrder, Clock
from tasker.actors.workflow.outcome import AttemptFailed, AttemptResult
from tasker.events.bus import EventBus
from tasker.events.decided import task_facts
from tasker.events.event import Event, tag_of
from tasker.events.observability import ObservabilityStepHandle
from tasker.events.step import StepBeforeHandle
from tasker.handlers.call import StepCall


class Handling:
    """One call of a handler; entered before it, left after it. ``result`` is how it ended."""

    def __init__(self, bus: EventBus, clock: Clock, order: AttemptOrder, call: StepCall) -> None:
        self.result: AttemptResult | None = None
        self._bus = bus
        self._clock = clock
        self._order = order
        self._began = clock.now()
        self._facts: dict[str, Any] = {
            "step": order.step.name,
            "attempt": order.attempt,
            "handler": call.reference,
            "executor": call.where,
            **task_facts(order.state.task),
        }

    def __enter__(self) -> Self:
        self._tell(StepBeforeHandle, self._began)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        result, now = self.result, self._clock.now()
        failed = isinstance(result, AttemptFailed)
        self._tell(
            ObservabilityStepHandle,
            now,
            outcome="cancelled" if result is None else "failed" if failed else "succeeded",
            duration_seconds=max(0.0, now - self._began),
            error_class=result.error.error_class if isinstance(result, AttemptFailed) else None,
        )

    def _tell(self, kind: type[Event], at: float, **facts: Any) -> None:
        name = tag_of(kind)
        if self._bus.hears(name):
            order = self._order
            place = f"{order.state.task.task_id}/{order.step.name}/{order.attempt}"
            event_id = f"{place}/{name}"
            self._bus.publish(kind(event_id=event_id, at=at, **self._facts, **facts))
