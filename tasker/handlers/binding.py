"""A definition bound to its handlers: everything that can be wrong is found here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from tasker.actors.workflow.plan import Backoff, Plan
from tasker.definitions.config import resolve_config
from tasker.definitions.definition import CustomEvent, Definition, StepDefinition
from tasker.errors import DefinitionError, HandlerError, Problem
from tasker.handlers.call import StepCall
from tasker.handlers.plans import Overrides, compile_plan, upstream_of
from tasker.handlers.reference import HandlerTarget, resolve
from tasker.handlers.task import TaskHandler, make_task_handler, overrides_hook
from tasker.telemetry.masking import DEFAULT_RULES, Masker, MaskingRules, text_mask
from tasker.telemetry.secrets import secrets_by_name, secrets_in


@runtime_checkable
class Loaded(Protocol):
    """A definition with what was read beside it: configurations with their placeholders filled in.

    ``configs`` maps steps to theirs; ``task_config`` is the task handler's.
    """

    @property
    def definition(self) -> Definition:
        """The definition, its placeholders as they were written."""

    @property
    def configs(self) -> Mapping[str, Mapping[str, Any]]:
        """The steps' configurations."""

    @property
    def task_config(self) -> Mapping[str, Any]:
        """The task handler's configuration."""


class BoundDefinition:
    """A definition, ready to run.

    ``source`` says where it came from, ``steps`` how each step runs, ``plan`` is
    that of a task that changes nothing, and ``masker`` knows its secrets.
    """

    def __init__(
        self,
        definition: Definition,
        *,
        source: str,
        steps: Mapping[str, StepCall],
        task_handler: TaskHandler | None,
        masker: Masker,
        backoff: Backoff | None,
    ) -> None:
        self.definition = definition
        self.source = source
        self.steps = dict(steps)
        self.task_handler = task_handler
        self.masker = masker
        self._backoff = backoff
        self.plan = self.plan_for(None)
        self.schema = self._schema()

    def plan_for(self, overrides: Overrides | None) -> Plan:
        """Return the plan of a task with its changes.

        Raises:
            DefinitionError: The changes cannot be.
        """
        if not overrides and "plan" in self.__dict__:
            return self.plan
        return compile_plan(
            self.definition,
            overrides,
            backoff=self._backoff,
            annotates=overrides_hook(self.task_handler, "update_annotations"),
            orders_ready=overrides_hook(self.task_handler, "order_ready_steps"),
        )

    def declared_events(self) -> Iterator[tuple[str, CustomEvent]]:
        """Yield the events that its steps may publish, each with who declares it."""
        definition = self.definition
        yield from ((definition.full_name, event) for event in definition.custom_events)
        for name, call in self.steps.items():
            own = {event.name: event for event in call.custom_events}
            own |= {event.name: event for event in call.definition.custom_events}
            yield from ((f"{definition.full_name} {name}", event) for event in own.values())

    def _schema(self) -> dict[str, Any] | None:
        handler = self.task_handler
        if handler is None or not overrides_hook(handler, "schema"):
            return self.definition.schema
        schema = handler.schema()
        if schema is not None and not isinstance(schema, dict):
            raise HandlerError(
                handler=self.definition.task_handler or type(handler).__qualname__,
                reason=f"schema returned {type(schema).__name__}; return a JSON Schema as a dict, "
                "or None",
            )
        return schema

    def __repr__(self) -> str:
        return f"<BoundDefinition {self.definition.full_name} from {self.source}>"


def bind(
    loaded: Definition | Loaded,
    *,
    source: str,
    targets: Mapping[str, Any] | None = None,
    configs: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] | None = None,
    backoff: Backoff | None = None,
    masking: MaskingRules = DEFAULT_RULES,
) -> BoundDefinition:
    """Bind a definition to its handlers.

    Args:
        loaded: The definition, alone or with its filled-in configurations.
        source: Where it came from, for errors.
        targets: Classes or functions of steps, by the step's name, that are at hand;
            the others are imported.
        configs: Configurations of steps, filled in; for a step without one, the
            definition's, with placeholders from ``environ``.
        environ: The environment, None for the process's.
        backoff: The waits between attempts, or None for the default ones.
        masking: What else than the definition's secrets its errors hide.

    Raises:
        DefinitionError: Something is wrong; every problem of it is told.
    """
    definition = loaded if isinstance(loaded, Definition) else loaded.definition
    given = dict(configs or {}) if isinstance(loaded, Definition) else dict(loaded.configs)
    binder = _Binder(definition, source, dict(os.environ if environ is None else environ), masking)
    upstream = upstream_of(definition)
    steps: dict[str, StepCall] = {}
    for step in definition.steps:
        call = binder.bind_step(
            step, (targets or {}).get(step.name), given.get(step.name), upstream[step.name]
        )
        if call is not None:
            steps[step.name] = call
    task_config = None if isinstance(loaded, Definition) else loaded.task_config
    task_handler = binder.bind_task_handler(task_config)
    binder.raise_problems()
    try:
        return BoundDefinition(
            definition,
            source=source,
            steps=steps,
            task_handler=task_handler,
            masker=Masker(binder.secrets, everywhere=binder.named_secrets, rules=masking),
            backoff=backoff,
        )
    except HandlerError as error:
        binder.note("task_handler_class", error)
        binder.raise_problems()
        raise


class _Binder:
    """Collects what is wrong, and the secrets, while the parts are bound."""

    def __init__(
        self,
        definition: Definition,
        source: str,
        environ: Mapping[str, str],
        masking: MaskingRules,
    ) -> None:
        self._definition = definition
        self._source = source
        self._environ = environ
        self._problems: list[Problem] = []
        self._first: HandlerError | None = None
        self._is_sensitive = text_mask(masking).is_sensitive
        self.secrets: set[str] = set()
        self.named_secrets: set[str] = set()

    def bind_step(
        self,
        step: StepDefinition,
        target: Any,
        config: Mapping[str, Any] | None,
        upstream: set[str],
    ) -> StepCall | None:
        filled = self._configured(f"{step.name}.handler_config", step.handler_config, config)
        try:
            found = _target(target, step.handler)
            events = [event.name for event in self._definition.custom_events]
            return StepCall(step, found, config=filled, upstream=upstream, events=events)
        except HandlerError as error:
            self.note(f"{step.name}.handler_class", error)
            return None

    def bind_task_handler(self, config: Mapping[str, Any] | None) -> TaskHandler | None:
        filled = self._configured("handler_config", self._definition.handler_config, config)
        reference = self._definition.task_handler
        if reference is None:
            return None
        try:
            kind = resolve(reference).target
            return make_task_handler(kind, reference=reference, config=filled)
        except HandlerError as error:
            self.note("task_handler_class", error)
            return None

    def note(self, key: str, error: HandlerError) -> None:
        self._first = self._first or error
        remedy = error.remedy or "correct the handler"
        self._add(key, f"handler {error.handler!r}: {error.reason}", remedy)

    def raise_problems(self) -> None:
        if self._problems:
            raise DefinitionError(problems=self._problems) from self._first

    def _configured(
        self, key: str, written: Mapping[str, Any], config: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        filled: Any = config
        if config is None:
            try:
                filled = resolve_config(written, self._environ)
            except LookupError as error:
                self._add(key, str(error), "set it, or give it a default: ${NAME:-default}")
                filled = {}
        self.secrets |= secrets_in(written, filled)
        self.named_secrets |= set(secrets_by_name(written, filled, self._is_sensitive))
        return filled  # type: ignore[no-any-return]

    def _add(self, key: str, message: str, remedy: str) -> None:
        self._problems.append(
            Problem(where=self._source, line=None, key=key, message=message, remedy=remedy)
        )


def _target(target: Any, reference: str) -> HandlerTarget:
    if target is None:
        return resolve(reference)
    return HandlerTarget(reference, target)
