"""Whose work the code at hand is doing: bound to the context of each attempt.

An attempt binds one variable to one small object; everything else is made from it by
whoever writes a line, so that an attempt that logs nothing pays next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from tasker.stores.records import TaskRecord
    from tasker.telemetry.correlation import Correlation
    from tasker.telemetry.masking import Masker


class Scope(Struct, frozen=True, gc=False):
    """An attempt; with ``step`` None a hook of a task; with ``task`` None a request.

    ``correlation`` is what a caller bound, None where the task's own holds; ``masker``
    knows the secrets of the definition.
    """

    task: TaskRecord | None = None
    step: str | None = None
    attempt: int | None = None
    masker: Masker | None = None
    correlation: Correlation | None = None

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
