"""What is kept: one Struct for each kind of durable fact.

Instants are Unix seconds, UTC, as floats. JSON that the engine does not look
into travels as `msgspec.Raw`, so that it is encoded once. None of them can be part
of a cycle, so the garbage collector is told not to look at them.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Raw, Struct


class TaskState(StrEnum):
    """States of a task. The legal transitions are in ``tasker.actors.workflow.states``."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETE = "complete"
    ERROR = "error"
    CANCELLED = "cancelled"
    RESOLVED_MANUALLY = "resolved_manually"


UNDONE = (TaskState.PENDING, TaskState.IN_PROGRESS, TaskState.PAUSED, TaskState.ERROR)
"""States of tasks in which somebody or something still has to act."""


class StepState(StrEnum):
    """States of a step. A step without a record is ``pending`` with no attempts."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    ERROR = "error"
    CANCELLED = "cancelled"
    RESOLVED_MANUALLY = "resolved_manually"


class ErrorRecord(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Why an attempt failed.

    ``error_class`` is the exception's qualified name, ``backtrace`` its last
    frames as text, ``permanent`` whether no retry can help, ``retry_after`` the
    wait in seconds that the failing side asked for.
    """

    error_class: str
    message: str
    permanent: bool = False
    retry_after: float | None = None
    error_code: str | None = None
    backtrace: tuple[str, ...] = ()
    context: Raw | None = None


class TaskSummary(Struct, frozen=True, gc=False, kw_only=True):
    """A task without its context, overrides and trace context: what a list shows.

    ``wake_at`` says when a task that nobody owns wants to be taken up: 0 means
    at once, None means never by itself (at rest, or paused). ``owner`` is the
    node that holds it in memory, ``epoch`` grows by one with each claim.
    ``started_at`` is when work began, anew with a retry of a failed task;
    ``ended_at`` is the instant of the latest terminal state. ``correlation_id`` joins
    the task with what caused it; None for one recorded before there were any.
    """

    task_id: str
    namespace: str
    name: str
    version: str
    definition_hash: str
    state: TaskState
    priority: int = 0
    created_at: float
    requested_at: float
    started_at: float | None = None
    ended_at: float | None = None
    wake_at: float | None = None
    owner: str | None = None
    epoch: int = 1
    initiator: str = "unknown"
    source_system: str = "unknown"
    reason: str = "unknown"
    tags: tuple[str, ...] = ()
    bypass_steps: tuple[str, ...] = ()
    identity: str | None = None
    correlation_id: str | None = None


class TaskRecord(TaskSummary, frozen=True, gc=False, kw_only=True):
    """A task, whole.

    ``context`` is a JSON object; ``overrides`` a JSON object from step name to
    the settings in which this task differs from its definition, or None.
    ``traceparent`` and ``tracestate`` are the W3C trace context of the request.
    """

    context: Raw
    overrides: Raw | None = None
    traceparent: str | None = None
    tracestate: str | None = None


class TaskChange(Struct, frozen=True, gc=False, kw_only=True):
    """The mutable head of a task after an append, whole."""

    state: TaskState
    wake_at: float | None
    owner: str | None
    started_at: float | None
    ended_at: float | None


class TaskDetails(Struct, frozen=True, gc=False, kw_only=True):
    """What of a task can be changed afterwards, whole: it does not decide how it runs."""

    reason: str
    tags: tuple[str, ...]


class StepRecord(Struct, frozen=True, gc=False, kw_only=True):
    """A step's state, results and attempts.

    ``attempts`` counts every attempt ever begun and never goes down;
    ``forgiven`` is how many of them do not count against the limit (set by a
    reset). ``retry_limit`` and ``inputs`` are None where the definition's value
    and the task's context hold. ``permanent`` is set when no retry can help,
    ``retry_at`` when the next attempt is due. ``started_at`` and ``ended_at`` are
    of the latest attempt; ``ready_at`` is when its dependencies were satisfied
    or its backoff was over.
    """

    name: str
    state: StepState = StepState.PENDING
    attempts: int = 0
    forgiven: int = 0
    retry_limit: int | None = None
    permanent: bool = False
    retry_at: float | None = None
    ready_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    inputs: Raw | None = None
    results: Raw | None = None
    error: ErrorRecord | None = None


class Transition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One change of state. ``step`` is None for the task itself.

    ``attempt`` is the step's attempt that it belongs to; ``detail`` a small JSON
    object: error, reason, who asked for it.
    """

    step: str | None = None
    from_state: str | None
    to_state: str
    attempt: int | None = None
    detail: Raw | None = None


class AnnotationRecord(Struct, frozen=True, gc=False, kw_only=True):
    """A note on a task: a type's name and a JSON object."""

    type: str
    annotation: Raw
    at: float


class ActionRecord(Struct, frozen=True, gc=False, kw_only=True):
    """What somebody asked for: an operation, or ``create``, and who.

    ``step`` is the one that it was about, ``reason`` why they asked.
    """

    operation: str
    by: str
    step: str | None = None
    reason: str | None = None


class Append(Struct, frozen=True, gc=False, kw_only=True):
    """What one decision makes durable, all of it or nothing.

    ``seq`` numbers the appends of a task from 1 without gaps. The first one
    carries ``created``; ``details`` comes with later ones alone.
    ``identity_expires_before`` frees an equal identity of a task created before that
    instant. ``actions`` are what was asked for by whom. ``outgoing`` is what durable
    subscriptions hear of it: a JSON array of events, None when that is nothing.
    """

    task_id: str
    epoch: int
    seq: int
    at: float
    created: TaskRecord | None = None
    identity_expires_before: float | None = None
    task: TaskChange | None = None
    details: TaskDetails | None = None
    steps: tuple[StepRecord, ...] = ()
    transitions: tuple[Transition, ...] = ()
    annotations: tuple[AnnotationRecord, ...] = ()
    actions: tuple[ActionRecord, ...] = ()
    outgoing: Raw | None = None


class TaskSnapshot(Struct, frozen=True, gc=False, kw_only=True):
    """A task as it stands: record, the steps that have one, and its newest ``seq``.

    The steps are in no particular order.
    """

    task: TaskRecord
    steps: tuple[StepRecord, ...]
    seq: int


class HistoryRecord(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A transition as it is read back: with its append's number and instant."""

    seq: int
    at: float
    step: str | None = None
    from_state: str | None
    to_state: str
    attempt: int | None = None
    detail: Raw | None = None


class AuditRecord(ActionRecord, frozen=True, gc=False, kw_only=True):
    """An action as it is read back: with its task, and its append's number and instant."""

    task_id: str
    namespace: str
    name: str
    seq: int
    at: float


class AuditFilter(Struct, frozen=True, gc=False, kw_only=True):
    """Which actions to list; every field given must hold.

    ``at_from`` is inclusive, ``at_until`` exclusive.
    """

    by: str | None = None
    operation: str | None = None
    task_id: str | None = None
    namespace: str | None = None
    at_from: float | None = None
    at_until: float | None = None


class AuditPage(Struct, frozen=True, gc=False, kw_only=True):
    """A page of actions, newest first; ``next_cursor`` is None on the last one."""

    actions: tuple[AuditRecord, ...]
    next_cursor: str | None


class TaskFilter(Struct, frozen=True, gc=False, kw_only=True):
    """Which tasks to list; every field given must hold.

    ``states``: any of them. ``tags``: all of them. ``created_from`` inclusive,
    ``created_until`` exclusive. ``annotation``: (type, key, value), where value
    is compared with the annotation's top-level key as text.
    """

    namespace: str | None = None
    name: str | None = None
    version: str | None = None
    initiator: str | None = None
    states: tuple[TaskState, ...] = ()
    tags: tuple[str, ...] = ()
    created_from: float | None = None
    created_until: float | None = None
    annotation: tuple[str, str, str] | None = None


class TaskPage(Struct, frozen=True, gc=False, kw_only=True):
    """A page of a list, newest task first; ``next_cursor`` is None on the last one."""

    tasks: tuple[TaskSummary, ...]
    next_cursor: str | None


class Workload(Struct, frozen=True, gc=False, kw_only=True):
    """What is left to do in a store.

    ``ready_tasks`` have no owner and want to be taken up by now, the oldest created at
    ``oldest_ready_at``; ``sleeping_tasks`` have none and a ``wake_at`` to come. ``steps``
    counts the recorded steps of tasks that are pending, in progress, paused or in error, by
    state; ``retryable`` those in error that have a ``retry_at``, ``in_backoff`` those of
    them for which it is to come.
    """

    ready_tasks: int
    oldest_ready_at: float | None
    sleeping_tasks: int
    steps: dict[StepState, int]
    retryable: int
    in_backoff: int


class NamespaceRecord(Struct, frozen=True, gc=False, kw_only=True):
    """A namespace: made on first use, or explicitly with a description."""

    name: str
    description: str = ""
    created_at: float


class DefinitionRecord(Struct, frozen=True, gc=False, kw_only=True):
    """A definition as JSON under its content hash; placeholders are not resolved."""

    hash: str
    namespace: str
    name: str
    version: str
    body: Raw
    created_at: float


class DependentSystemRecord(Struct, frozen=True, gc=False, kw_only=True):
    """A system that steps depend on."""

    name: str
    description: str = ""


class ObjectMapRecord(Struct, frozen=True, gc=False, kw_only=True):
    """The same object's ids in two dependent systems."""

    system_one: str
    remote_id_one: str
    system_two: str
    remote_id_two: str


class AnnotationTypeRecord(Struct, frozen=True, gc=False, kw_only=True):
    """A type of annotation."""

    name: str
    description: str = ""


class NodeRecord(Struct, frozen=True, gc=False, kw_only=True):
    """A process that works a store."""

    node_id: str
    host: str
    pid: int
    started_at: float
    version: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} (node {self.node_id})"


class CommandRecord(Struct, frozen=True, gc=False, kw_only=True):
    """An operation that another process asks the engine of this store to do.

    ``outcome`` is None until it was done: then a JSON object, ``{"ok": …}`` or
    ``{"error": {"class": …, "message": …}}``.
    """

    command_id: str
    task_id: str
    operation: str
    arguments: Raw
    created_at: float
    outcome: Raw | None = None
