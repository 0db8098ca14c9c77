"""What a task executes: the steps, how they depend on each other, and their rules.

A `Definition` is plain data, the same from YAML and from Python. Placeholders
such as ``${API_KEY}`` inside ``handler_config`` stay as they were written, so
that no secret is ever stored, logged or hashed; their values are joined in when
a handler is made.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

DEFAULT_NAMESPACE = "default"
DEFAULT_VERSION = "0.1.0"
DEFAULT_RETRY_LIMIT = 3


class CustomEvent(Struct, frozen=True, kw_only=True):
    """An event that a step or task may publish beside the built-in ones."""

    name: str
    description: str = ""


class AnnotationType(Struct, frozen=True, kw_only=True):
    """A type of annotation that tasks of this definition write."""

    name: str
    description: str = ""


class StepDefinition(Struct, frozen=True, kw_only=True, dict=True):
    """One step.

    ``handler`` names a class with ``process``, or a function, as
    ``package.module:Name``. ``retry_limit`` counts executions, the first one
    included. ``executor`` is ``auto`` (the event loop for ``async def``, a worker
    thread for ``def``) or ``process``. ``timeout_seconds`` bounds one attempt;
    None means no bound. ``max_concurrent_requests`` and ``rate_limit_per_second``
    bound all steps that name the same ``dependent_system``, or this step alone
    when it names none.
    """

    name: str
    handler: str
    depends_on: tuple[str, ...] = ()
    description: str = ""
    dependent_system: str | None = None
    retryable: bool = True
    retry_limit: int = DEFAULT_RETRY_LIMIT
    skippable: bool = False
    timeout_seconds: float | None = None
    executor: str = "auto"
    max_concurrent_requests: int | None = None
    rate_limit_per_second: float | None = None
    handler_config: dict[str, Any] = {}
    custom_events: tuple[CustomEvent, ...] = ()


class Definition(Struct, frozen=True, kw_only=True, dict=True):
    """A task's definition, under its namespace, name and version.

    ``schema`` is a JSON Schema for the context, or None. ``task_handler`` names a
    `TaskHandler` subclass with the task's hooks, or None. ``priority``: higher
    goes first. ``max_execution_seconds`` bounds a task from its first start;
    ``max_concurrent_steps`` its steps in progress at once; None means no bound.
    """

    name: str
    namespace: str = DEFAULT_NAMESPACE
    version: str = DEFAULT_VERSION
    description: str = ""
    steps: tuple[StepDefinition, ...] = ()
    schema: dict[str, Any] | None = None
    task_handler: str | None = None
    handler_config: dict[str, Any] = {}
    priority: int = 0
    max_execution_seconds: float | None = None
    max_concurrent_steps: int | None = None
    custom_metadata: dict[str, Any] = {}
    custom_events: tuple[CustomEvent, ...] = ()
    annotation_types: tuple[AnnotationType, ...] = ()

    @cached_property
    def hash(self) -> str:
        """SHA-256, in hex, of what decides how a task runs.

        Equal graphs have equal hashes: the order of steps, of dependencies, of
        events and of keys does not count, nor do descriptions. A limit that stands
        in ``handler_config`` counts as it is written there, so that the hash is the
        same whatever the environment's variables hold.
        """
        data = msgspec.to_builtins(self)
        del data["description"]
        for named in ("custom_events", "annotation_types"):
            data[named] = sorted(each["name"] for each in data[named])
        for step in data["steps"]:
            del step["description"]
            step["depends_on"] = sorted(set(step["depends_on"]))
            step["custom_events"] = sorted(each["name"] for each in step["custom_events"])
            for limit in ("max_concurrent_requests", "rate_limit_per_second"):
                if limit in step["handler_config"]:
                    del step[limit]
        data["steps"] = sorted(data["steps"], key=lambda step: step["name"])
        canonical = msgspec.json.encode(data, order="deterministic")
        return hashlib.sha256(canonical).hexdigest()

    @property
    def full_name(self) -> str:
        """``namespace.name@version``."""
        return f"{self.namespace}.{self.name}@{self.version}"

    @cached_property
    def steps_by_name(self) -> dict[str, StepDefinition]:
        """The steps under their names."""
        return {step.name: step for step in self.steps}
