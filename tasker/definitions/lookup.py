"""Handlers named in a definition: found, checked, and named the same way by everybody."""

from __future__ import annotations

import importlib
import importlib.util
from types import FunctionType
from typing import Any

from tasker.definitions.definition import StepDefinition
from tasker.definitions.graph import Dependencies, ancestors
from tasker.errors import HandlerError
from tasker.handlers import reference as references
from tasker.handlers.function import plan_call

REMEDY = "name a class that has process, or a function, as package.module:Name"
TASK_REMEDY = "name a subclass of tasker.TaskHandler, as package.module:Name"


class HandlerLookup:
    """Finds the handlers of one definition.

    Args:
        module_namespace: The package or module that short names are looked up in, or None.
        check: Whether handlers are imported; otherwise names are only spelled out.
    """

    def __init__(self, module_namespace: str | None = None, *, check: bool = True) -> None:
        self._namespace = module_namespace
        self._check = check

    def check_namespace(self) -> tuple[str, str] | None:
        """What is wrong with the namespace itself and its remedy, or None.

        Short names wait for it.
        """
        if self._namespace is None or not self._check:
            return None
        try:
            importlib.import_module(self._namespace)
        except Exception as error:  # whatever the imported code raises
            self._check = False
            name = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
            absent = name == self._namespace or (name and self._namespace.startswith(f"{name}."))
            remedy = "name a package that can be imported" if absent else references.IMPORT_REMEDY
            return f"importing it failed: {type(error).__name__}: {error}", remedy
        return None

    def step(self, text: str) -> tuple[str, Any]:
        """A step's handler: its reference, and the class or function (None unchecked).

        Raises:
            HandlerError: It cannot be found, or cannot be a step's handler.
        """
        target = self._resolve(text)
        if isinstance(target, str):
            return target, None
        references.validate(target)
        return canonical_reference(target), target.target

    def task(self, text: str) -> tuple[str, Any]:
        """A task's handler, in the same way.

        Raises:
            HandlerError: It cannot be found, or cannot be a task's handler.
        """
        target = self._resolve(text)
        if isinstance(target, str):
            return target, None
        check_task_handler(target)
        return canonical_reference(target), target.target

    def _resolve(self, text: str) -> references.HandlerTarget | str:
        text = text.strip()
        if self._namespace and text.startswith(":"):
            text = text[1:]
        normalised = references.normalise(text, self._namespace)
        if not self._check:
            return normalised
        module, colon, _ = text.partition(":")
        # "payments:Charge" is in the namespace if that has such a module, else at the top.
        if self._namespace and colon and _has_module(self._namespace, module):
            normalised = f"{self._namespace}.{normalised}"
        return references.resolve(normalised)


def canonical_reference(target: references.HandlerTarget) -> str:
    """The reference that the class or function gives itself, where that leads back to it.

    YAML may name a function through another module that imports it; the decorator
    knows only where it was made. Both must give the same hash.
    """
    own = references.reference_of(target.target)
    if own == target.reference:
        return own
    try:
        return own if references.resolve(own).target is target.target else target.reference
    except HandlerError:
        return target.reference


def check_task_handler(target: references.HandlerTarget) -> None:
    """Raise `HandlerError` unless the target can be a task's handler.

    Its class knows, by a method of `TaskHandler`, which this package may not import.
    """
    if not target.is_class:
        raise HandlerError(handler=target.reference, reason="it is no class", remedy=TASK_REMEDY)
    check = getattr(target.target, "check_hooks", None)
    if check is None:
        reason = "the class is no task handler"
        raise HandlerError(handler=target.reference, reason=reason, remedy=TASK_REMEDY)
    check(target.reference)


def _has_module(package: str, name: str) -> bool:
    try:
        return importlib.util.find_spec(f"{package}.{name}") is not None
    except Exception:  # whatever an imported parent raises: `resolve` says it better
        return False


def check_parameters(dependencies: Dependencies, step: StepDefinition, target: Any) -> str | None:
    """What is wrong with the parameters of a step's function, or None."""
    if not isinstance(target, FunctionType):
        return None
    upstream = ancestors(dependencies, step.name)
    try:
        plan_call(target, reference=step.handler, step=step.name, upstream=upstream)
    except HandlerError as error:
        return f"{target.__qualname__}: {error.reason}"
    return None
