"""Whose work the code at hand is doing: bound to the context of each attempt.

An attempt binds one variable to one small object; everything else is made from it by
whoever writes a line, so that an attempt that logs nothing pays next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from tasker.stores.records import TaskRecord
    from tasker.telemetry.correlation import Correlation
    from tasker.telemetry.masking import Masker


T = TypeVar("T")


class ActiveSpan(Protocol):
    """The span of an attempt, as the code that runs in it sees it."""

    def enter(self) -> None:
        """Make it the current span of the context at hand."""

    def carrier(self) -> dict[str, str]:
        """Return the headers by which it is passed on."""


class Scope(Struct, frozen=True, gc=False):
    """An attempt; with ``step`` None a hook of a task; with ``task`` None a request.

    ``correlation`` is what a caller bound, None where the task's own holds; ``masker``
    knows the secrets of the definition; ``span`` is the attempt's, None without traces.
    """

    task: TaskRecord | None = None
    step: str | None = None
    attempt: int | None = None
    masker: Masker | None = None
    correlation: Correlation | None = None
    span: ActiveSpan | None = None

    @property
    def correlation_id(self) -> str | None:
        """What joins this with what caused it, None where nothing does."""
        if self.correlation is not None:
            return self.correlation.correlation_id
        return None if self.task is None else self.task.correlation_id

    def fields(self) -> dict[str, Any]:
        """Return what a log line tells of it; what is not known is left out."""
        found: dict[str, Any] = {}
        if self.task is not None:
            found |= task_fields(self.task)
        found |= {
            "step": self.step,
            "attempt": self.attempt,
            "correlation_id": self.correlation_id,
        }
        return {name: value for name, value in found.items() if value is not None}


CURRENT: ContextVar[Scope | None] = ContextVar("tasker.scope", default=None)


def enter(scope: Scope | None) -> None:
    """Have all that runs in the context at hand be of that scope, for good."""
    CURRENT.set(scope)
    if scope is not None and scope.span is not None:
        scope.span.enter()


def run_within(scope: Scope, function: Callable[[], T]) -> T:
    """Run a function in a context that nobody else has: its thread's, or a copy."""
    enter(scope)
    return function()


@contextmanager
def bound(scope: Scope) -> Iterator[None]:
    """Have what runs inside be of that scope."""
    token = CURRENT.set(scope)
    try:
        yield
    finally:
        CURRENT.reset(token)


def task_fields(task: TaskRecord) -> dict[str, Any]:
    """Return what a log line tells of a task."""
    return {
        "task_id": task.task_id,
        "namespace": task.namespace,
        "task_name": task.name,
        "version": task.version,
        "correlation_id": task.correlation_id,
    }
