"""What tasks can be made of, as it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from tasker.analysis.template import TemplateAnalysis
from tasker.definitions.definition import CustomEvent, Definition, StepDefinition
from tasker.definitions.version import latest, sort_versions
from tasker.telemetry.masking import Masker


class Namespace(Struct, frozen=True, kw_only=True):
    """A namespace with the names of its handlers, each counted once for all its versions."""

    name: str
    description: str
    handler_count: int
    handlers: tuple[str, ...]


class Namespaces(Struct, frozen=True, kw_only=True):
    """The namespaces, by name."""

    namespaces: tuple[Namespace, ...]
    total_namespaces: int


class HandlerSummary(Struct, frozen=True, kw_only=True):
    """One name in a namespace; ``latest_version`` is None where all are pre-releases.

    ``versions`` go from the lowest to the highest; the rest is of the latest one.
    """

    name: str
    namespace: str
    versions: tuple[str, ...]
    latest_version: str | None
    description: str
    step_count: int
    step_names: tuple[str, ...]

    @classmethod
    def of(cls, definitions: Sequence[Definition]) -> HandlerSummary:
        """Return the summary of the versions of one name."""
        versions = [each.version for each in definitions]
        newest = latest(versions)
        shown = next((each for each in definitions if each.version == newest), definitions[-1])
        return cls(
            name=shown.name,
            namespace=shown.namespace,
            versions=tuple(sort_versions(versions)),
            latest_version=newest,
            description=shown.description,
            step_count=len(shown.steps),
            step_names=tuple(step.name for step in shown.steps),
        )


class NamespaceHandlers(Struct, frozen=True, kw_only=True):
    """The handlers of a namespace, by name."""

    namespace: str
    handlers: tuple[HandlerSummary, ...]
    total_handlers: int


class StepTemplate(Struct, frozen=True, kw_only=True):
    """A step of a handler; see `tasker.definitions.definition.StepDefinition`.

    The configuration is as it was written, placeholders not filled in and secrets hidden.
    """

    name: str
    description: str
    handler_class: str
    depends_on: tuple[str, ...]
    dependent_system: str | None
    default_retryable: bool
    default_retry_limit: int
    skippable: bool
    timeout_seconds: float | None
    configuration: dict[str, Any]
    custom_events: tuple[CustomEvent, ...]

    @classmethod
    def of(cls, step: StepDefinition, masker: Masker) -> StepTemplate:
        """Return a step as it is answered."""
        return cls(
            name=step.name,
            description=step.description,
            handler_class=step.handler,
            depends_on=step.depends_on,
            dependent_system=step.dependent_system,
            default_retryable=step.retryable,
            default_retry_limit=step.retry_limit,
            skippable=step.skippable,
            timeout_seconds=step.timeout_seconds,
            configuration=masker.data(step.handler_config),
            custom_events=step.custom_events,
        )


class Handler(Struct, frozen=True, kw_only=True):
    """One version of a handler, with its graph; ``hash`` is the same for the same graph."""

    name: str
    namespace: str
    version: str
    full_name: str
    versions: tuple[str, ...]
    latest_version: str | None
    description: str
    hash: str
    priority: int
    schema: dict[str, Any] | None
    step_templates: tuple[StepTemplate, ...]
    dependency_graph: TemplateAnalysis
