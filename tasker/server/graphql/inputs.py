"""What queries and mutations are given."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from tasker.definitions.definition import DEFAULT_NAMESPACE


@strawberry.input
class TaskWhere:
    """Which tasks: every field given must hold.

    ``statuses``: any of them. ``tags``: all of them. ``createdFrom`` is inclusive,
    ``createdUntil`` exclusive.
    """

    namespace: str | None = None
    name: str | None = None
    version: str | None = None
    initiator: str | None = None
    statuses: list[str] | None = None
    tags: list[str] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


@strawberry.input
class CreateTaskInput:
    """A task to create. ``context`` is an object, or one as a string of JSON."""

    name: str
    context: JSON
    namespace: str = DEFAULT_NAMESPACE
    version: str | None = None
    initiator: str | None = None
    source_system: str = "unknown"
    reason: str = "unknown"
    tags: list[str] | None = None
    bypass_steps: list[str] | None = None
    priority: int | None = None
    idempotency_key: str | None = None


@strawberry.input
class UpdateTaskInput:
    """What to change of a task; what is left out stays."""

    task_id: strawberry.ID
    reason: str | None = None
    tags: list[str] | None = None
    expected_seq: int | None = None


@strawberry.input
class TaskActionInput:
    """A task to act on, and why. With ``expectedSeq`` only while that is its ``seq``."""

    task_id: strawberry.ID
    reason: str | None = None
    expected_seq: int | None = None


@strawberry.input
class AnnotateTaskInput:
    """A note on a task, under a type that is made on first use."""

    task_id: strawberry.ID
    type: str
    annotation: JSON
    expected_seq: int | None = None


@strawberry.input
class StepActionInput:
    """A step to act on, and why. With ``expectedSeq`` only while that is the task's ``seq``."""

    task_id: strawberry.ID
    step_id: strawberry.ID
    reason: str | None = None
    expected_seq: int | None = None


@strawberry.input
class ResolveStepInput(StepActionInput):
    """A step that is done by hand; without ``results`` it keeps what it has."""

    results: JSON | None = None


@strawberry.input
class UpdateStepInput:
    """What to change of a step, for its next attempt; what is left out stays."""

    task_id: strawberry.ID
    step_id: strawberry.ID
    retry_limit: int | None = None
    inputs: JSON | None = None
    expected_seq: int | None = None
