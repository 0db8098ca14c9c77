"""The bodies that requests bring."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from tasker.definitions.definition import DEFAULT_NAMESPACE

Text = Annotated[str, Meta(min_length=1, max_length=1_000)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Names = Annotated[tuple[Name, ...], Meta(max_length=100)]
Priority = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
RetryLimit = Annotated[int, Meta(ge=1, le=1_000_000)]
Key = Annotated[str, Meta(pattern="^[!-~]{1,255}$")]


class TaskBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request for a task; see `tasker.request.TaskRequest`."""

    name: Name
    namespace: Name = DEFAULT_NAMESPACE
    version: Name | None = None
    context: dict[str, Any] = {}
    initiator: Text | None = None
    source_system: Text = "unknown"
    reason: Text = "unknown"
    tags: Names = ()
    bypass_steps: Names = ()
    priority: Priority | None = None
    idempotency_key: Key | None = None


class BulkBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests for many tasks, each taken or refused for itself."""

    tasks: Annotated[tuple[TaskBody, ...], Meta(min_length=1)]


class TaskUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a task; what is left out stays."""

    reason: Text | None = None
    tags: Names | None = None


class StepUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a step, for its next attempt, and why; what is left out stays."""

    retry_limit: RetryLimit | None = None
    inputs: dict[str, Any] | None = None
    reason: Text | None = None


class Reason(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is done, for the record."""

    reason: Text | None = None


def reason_of(body: Reason | None) -> str | None:
    """Return the reason that a request gives, None without one."""
    return None if body is None else body.reason


class RetryBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which failed step to try again, all of them when None, and why."""

    step: Name | None = None
    reason: Text | None = None


class StepResolution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a step that is done by hand gave; None for what it has."""

    results: Any = None
    reason: Text | None = None


class EventIds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters, by the ids of their events; all of them when None."""

    event_ids: Annotated[tuple[Text, ...], Meta(max_length=1_000)] | None = None


class AnnotationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note on a task, under a type that is made on first use."""

    type: Name
    annotation: dict[str, Any]
