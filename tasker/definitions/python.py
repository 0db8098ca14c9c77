"""Definitions made in Python: an object, and a decorator for its steps.

    checkout = define("checkout", namespace="shop", version="1.0.0")

    @checkout.step
    def reserve(task): ...

    @checkout.step(retry_limit=5)
    async def charge(task, reserve): ...

A parameter that is named like a step is a dependency on it and receives its
results; ``task``, ``step`` and ``sequence`` receive the objects.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import FunctionType
from typing import Any, TypeVar, Unpack, overload

from tasker.definitions.assembly import Assembly, find_target
from tasker.definitions.definition import (
    DEFAULT_NAMESPACE,
    DEFAULT_VERSION,
    AnnotationType,
    CustomEvent,
    Definition,
)
from tasker.definitions.drafts import DefinitionDraft, Handler, StepDraft, StepOptions
from tasker.definitions.loaded import LoadedDefinition
from tasker.errors import HandlerError

F = TypeVar("F", bound=Callable[..., Any])


class DefinitionBuilder:
    """Collects the steps of a definition; `build` checks them and gives the definition.

    Steps may be added in any order, and may depend on steps that are added later.
    """

    def __init__(self, draft: DefinitionDraft) -> None:
        self._draft = draft

    def __repr__(self) -> str:
        fields = self._draft.fields
        name = f"{fields['namespace']}.{fields['name']}@{fields['version']}"
        return f"<DefinitionBuilder {name}, {len(self._draft.steps)} steps, from {self.source}>"

    @property
    def source(self) -> str:
        """``module:line`` of the call of `define`."""
        return self._draft.source

    @property
    def targets(self) -> dict[str, Any]:
        """The function or class behind each step, by the step's name.

        A step whose handler cannot be found is left out; `build` says why.
        """
        found: dict[str, Any] = {}
        for draft in self._draft.steps:
            with suppress(HandlerError):
                found[draft.name] = find_target(draft.handler).target
        return found

    @overload
    def step(self, function: F, /) -> F: ...

    @overload
    def step(
        self, /, *, name: str | None = None, **options: Unpack[StepOptions]
    ) -> Callable[[F], F]: ...

    def step(
        self,
        function: F | None = None,
        /,
        *,
        name: str | None = None,
        **options: Unpack[StepOptions],
    ) -> F | Callable[[F], F]:
        """Make a step of a function, or of a class with ``process``, which stays as it is.

        With parentheses it takes options; the name is the function's by default.
        """

        def add(decorated: F) -> F:
            module, line = _place(decorated, depth=2 if function is None else 3)
            given = name or str(getattr(decorated, "__name__", decorated))
            self._add(given, decorated, options, module, line)
            return decorated

        return add if function is None else add(function)

    def add_step(self, name: str, handler: Handler, **options: Unpack[StepOptions]) -> None:
        """Add a step that has a name of its own, as in a loop.

        The same handler may serve many steps: it finds each one's ``handler_config``
        as ``step.config``.
        """
        module, line = _place(handler, depth=2)
        self._add(name, handler, options, module, line)

    def build(self, environ: Mapping[str, str] | None = None) -> Definition:
        """Check everything, and give the definition.

        Args:
            environ: Values that placeholders in ``handler_config`` are checked with;
                None for the process's environment. None of them is kept.

        Raises:
            DefinitionError: With every problem, at ``module:line`` of its step.
        """
        return self.load(environ).definition

    def load(self, environ: Mapping[str, str] | None = None) -> LoadedDefinition:
        """Check everything, and give the definition with its resolved configurations.

        Raises:
            DefinitionError: With every problem, at ``module:line`` of its step.
        """
        return Assembly(self._draft, os.environ if environ is None else environ).finish()

    def _add(
        self, name: str, handler: Any, options: Mapping[str, Any], module: str, line: int
    ) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of a step is text, not {name!r}")
        draft = StepDraft(
            name=name, handler=handler, options=dict(options), module=module, line=line
        )
        self._draft.steps.append(draft)


def define(
    name: str,
    *,
    namespace: str = DEFAULT_NAMESPACE,
    version: str = DEFAULT_VERSION,
    description: str = "",
    schema: Mapping[str, Any] | None = None,
    task_handler: type | str | None = None,
    handler_config: Mapping[str, Any] | None = None,
    priority: int = 0,
    max_execution_seconds: float | None = None,
    max_concurrent_steps: int | None = None,
    default_dependent_system: str | None = None,
    custom_metadata: Mapping[str, Any] | None = None,
    custom_events: Iterable[str | CustomEvent] = (),
    annotation_types: Iterable[str | AnnotationType] = (),
) -> DefinitionBuilder:
    """Begin a definition; its steps follow. The arguments are as in `Definition`.

    ``schema`` is a JSON Schema for the context. ``default_dependent_system`` is for
    the steps that name none.
    """
    fields = {
        "name": name,
        "namespace": namespace,
        "version": version,
        "description": description,
        "schema": schema,
        "handler_config": handler_config or {},
        "priority": priority,
        "max_execution_seconds": max_execution_seconds,
        "max_concurrent_steps": max_concurrent_steps,
        "custom_metadata": custom_metadata or {},
        "custom_events": custom_events,
        "annotation_types": annotation_types,
    }
    module, line = _caller(1)
    draft = DefinitionDraft(
        fields=fields,
        task_handler=task_handler,
        default_system=default_dependent_system,
        module=module,
        line=line,
        steps=[],
    )
    return DefinitionBuilder(draft)


def _place(handler: Any, *, depth: int) -> tuple[str, int]:
    """Module and line of a function; of any other handler, where it was added."""
    if isinstance(handler, FunctionType):
        return handler.__module__, handler.__code__.co_firstlineno
    return _caller(depth)


def _caller(depth: int) -> tuple[str, int]:
    frame = sys._getframe(depth + 1)
    return str(frame.f_globals.get("__name__", "__main__")), frame.f_lineno
