"""What was given in Python, as it was given, until all of it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

from msgspec import Struct

from tasker.definitions.definition import CustomEvent

Handler = type | Callable[..., Any] | str
"""A class with ``process``, a function, or a reference to either."""


class StepOptions(TypedDict, total=False):
    """What a step may be given, beside its name and handler.

    ``depends_on`` holds names of steps, or the functions or classes behind them. The
    rest is as in `StepDefinition`.
    """

    depends_on: Handler | Iterable[Handler]
    description: str
    dependent_system: str | None
    retryable: bool
    retry_limit: int
    skippable: bool
    timeout_seconds: float | None
    executor: str
    max_concurrent_requests: int | None
    rate_limit_per_second: float | None
    handler_config: Mapping[str, Any]
    custom_events: Iterable[str | CustomEvent]


class StepDraft(Struct, frozen=True, kw_only=True):
    """A step, and the module and line that it was given at."""

    name: str
    handler: Any
    options: dict[str, Any]
    module: str
    line: int


class DefinitionDraft(Struct, frozen=True, kw_only=True):
    """A definition, and the module and line of its `define`; ``steps`` grows.

    ``fields`` are those of `Definition`, but for ``task_handler``, which may be a
    class here. ``default_system`` is for the steps that name no dependent system.
    """

    fields: dict[str, Any]
    task_handler: Any
    default_system: str | None
    module: str
    line: int
    steps: list[StepDraft]

    @property
    def name(self) -> str:
        """The definition's name."""
        return str(self.fields["name"])

    @property
    def source(self) -> str:
        """``module:line``."""
        return f"{self.module}:{self.line}"
