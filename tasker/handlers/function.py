"""Functions as handlers: their parameters are filled by name.

A parameter named like a step upstream receives that step's results; ``task``,
``sequence`` and ``step`` receive the objects.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tasker.errors import HandlerError

if TYPE_CHECKING:
    from tasker.handlers.sequence import Sequence
    from tasker.handlers.views import Step, Task

OBJECTS = ("task", "sequence", "step")


class CallPlan(Struct, frozen=True):
    """Which of a function's parameters receive objects, and which receive results."""

    objects: tuple[str, ...]
    results: tuple[str, ...]

    def arguments(self, task: Task, sequence: Sequence, step: Step) -> dict[str, Any]:
        """Return the keyword arguments of one attempt."""
        arguments: dict[str, Any] = {}
        for name in self.objects:
            arguments[name] = task if name == "task" else step if name == "step" else sequence
        for name in self.results:
            arguments[name] = sequence.results_of(name)
        return arguments


def injected_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the parameters that may name steps: all but the objects, ``*`` and ``**``."""
    return tuple(name for name in _parameters(function) if name not in OBJECTS)


def plan_call(
    function: Callable[..., Any], *, reference: str, step: str, upstream: Collection[str]
) -> CallPlan:
    """Return how to call a function as the handler of a step.

    Args:
        function: The handler.
        reference: How an error names it.
        step: The step's name.
        upstream: The steps that end before it starts: its dependencies and theirs.

    Raises:
        HandlerError: A parameter without a default is neither an object nor a step
            upstream, or can be given by position alone.
    """
    objects: list[str] = []
    results: list[str] = []
    for name, parameter in _parameters(function).items():
        if parameter.kind is parameter.POSITIONAL_ONLY:
            if parameter.default is parameter.empty:
                raise HandlerError(
                    handler=reference,
                    reason=f"parameter {name!r} is positional-only; parameters are filled by "
                    "name, so take the '/' out of the signature",
                )
        elif name in OBJECTS:
            objects.append(name)
        elif name in upstream:
            results.append(name)
        elif parameter.default is parameter.empty:
            raise HandlerError(handler=reference, reason=_unknown(name, step, upstream))
    return CallPlan(tuple(objects), tuple(results))


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def _unknown(name: str, step: str, upstream: Collection[str]) -> str:
    known = sorted(upstream)
    close = get_close_matches(name, [*known, *OBJECTS], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    steps = f"the steps that {step!r} depends on ({', '.join(known)})" if known else "no step"
    return (
        f"parameter {name!r} of step {step!r} is unknown: parameters may be named task, "
        f"sequence, step, and like {steps}{hint}"
    )
