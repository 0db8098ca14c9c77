"""How one step of a definition is run: worked out once, when it is bound."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

from tasker.definitions import event_names
from tasker.definitions.definition import CustomEvent, StepDefinition
from tasker.errors import HandlerError
from tasker.handlers.configuration import copied
from tasker.handlers.function import CallPlan, plan_call
from tasker.handlers.reference import HandlerTarget, takes_config, validate
from tasker.handlers.step import StepHandler

Where = Literal["loop", "thread", "process"]


class StepCall:
    """A step, its handler, and how the one runs by the other.

    ``where`` is ``loop`` for ``async def``, ``thread`` for ``def``, or ``process``.
    """

    __slots__ = (
        "_constructor",
        "_takes_config",
        "config",
        "connects",
        "custom_events",
        "definition",
        "engine_hooks",
        "events",
        "function",
        "is_async",
        "own_process_results",
        "plan",
        "reference",
        "where",
    )

    def __init__(
        self,
        definition: StepDefinition,
        target: HandlerTarget,
        *,
        config: Mapping[str, Any],
        upstream: Collection[str],
        events: Collection[str] = (),
    ) -> None:
        """Raise `HandlerError` when the handler cannot run the step.

        ``events`` are those that it may publish beside its own: the task's.
        """
        validate(target)
        self.definition = definition
        self.reference = target.reference
        self.config: Mapping[str, Any] = config
        self.function: Callable[..., Any] | None = None
        self.plan: CallPlan | None = None
        self._constructor: Any = None
        self._takes_config = False
        self.engine_hooks = False
        self.connects = False
        self.own_process_results = False
        self.custom_events: tuple[CustomEvent, ...] = ()
        if target.is_class:
            self._bind_class(target)
        else:
            self._bind_function(target, upstream)
        own = (*definition.custom_events, *self.custom_events)
        self.events = frozenset([*events, *(event.name for event in own)])
        self.where = self._place(target)

    def make(self) -> Any:
        """Return a handler for one attempt; for a function None."""
        if self._constructor is None:
            return None
        if self._takes_config:
            return self._constructor(config=copied(self.config))
        return self._constructor()

    def _bind_class(self, target: HandlerTarget) -> None:
        kind = target.target
        self.is_async = inspect.iscoroutinefunction(kind.process)
        self._constructor = kind
        self._takes_config = takes_config(target.reference, kind)
        self.engine_hooks = issubclass(kind, StepHandler)
        self.connects = self.engine_hooks and kind._connect is not StepHandler._connect
        base = StepHandler.process_results if self.engine_hooks else None
        self.own_process_results = getattr(kind, "process_results", None) is not base
        self.custom_events = _custom_events(target.reference, kind)
        if self.engine_hooks:
            kind.check_config(target.reference, self.config)

    def _bind_function(self, target: HandlerTarget, upstream: Collection[str]) -> None:
        self.function = target.target
        self.is_async = inspect.iscoroutinefunction(target.target)
        self.plan = plan_call(
            target.target,
            reference=target.reference,
            step=self.definition.name,
            upstream=upstream,
        )

    def _place(self, target: HandlerTarget) -> Where:
        if self.definition.executor != "process":
            return "loop" if self.is_async else "thread"
        if "<" in target.reference:
            raise HandlerError(
                handler=target.reference,
                reason="executor: process finds handlers by name; define this one at the top of "
                "a module",
            )
        return "process"


def _custom_events(reference: str, kind: Any) -> tuple[CustomEvent, ...]:
    configured = getattr(kind, "custom_event_configuration", ())
    try:
        found = configured() if callable(configured) else configured
        events = tuple(
            CustomEvent(name=str(event["name"]), description=str(event.get("description", "")))
            for event in found
        )
    except Exception as failure:
        raise HandlerError(
            handler=reference,
            reason="custom_event_configuration must be a list of {'name': …, 'description': …}: "
            f"{type(failure).__name__}: {failure}",
        ) from failure
    for event in events:
        wrong = event_names.wrong_with(event.name)
        if wrong is not None:
            reason = f"custom_event_configuration: the event {event.name!r} {wrong[0]}"
            raise HandlerError(handler=reference, reason=reason, remedy=wrong[1])
    return events
