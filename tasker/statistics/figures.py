"""The figures that are told. Instants are aware, UTC; lengths are seconds."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tasker.statistics.durations import Bucket, Distribution
from tasker.stores.records import StepState, TaskState


class Period(Struct, frozen=True, kw_only=True):
    """The time in which the tasks were created: from ``since`` to before ``until``.

    Where none was asked for, ``since`` is when the oldest of the tasks was created
    (None when there are none), and ``until`` is now.
    """

    since: datetime | None
    until: datetime
    seconds: float


class TaskFigures(Struct, frozen=True, kw_only=True):
    """The tasks of the period.

    ``completion_rate`` and ``error_rate`` are shares, 0 to 1, of the tasks at rest:
    complete or resolved by hand, and in error; None when none is at rest.
    ``throughput_per_hour`` counts those that came to rest before the period's end.
    ``run`` is from start to end, anew with a retry, of tasks complete or in error;
    ``total`` from creation to end, of the same.
    """

    created: int
    states: dict[TaskState, int]
    at_rest: int
    completion_rate: float | None
    error_rate: float | None
    created_per_hour: float | None
    throughput_per_hour: float | None
    run: Distribution
    total: Distribution
    run_buckets: tuple[Bucket, ...]


class StepFigures(Struct, frozen=True, kw_only=True):
    """The steps of these tasks that have a record: that were begun, or decided upon.

    ``retries`` are the attempts after the first one of each step; ``retried`` the
    steps that had any, ``recovered`` those of them that are complete.
    ``retry_success_rate`` is the share of the complete among the retried steps that
    are complete, or in error in a task at rest. ``failed_attempts`` is counted from the
    history, so that it holds those made good by a retry; ``error_rate`` is their
    share of the attempts. ``queue`` and ``run`` are of the latest attempt, see
    `StepRun`.
    """

    recorded: int
    states: dict[StepState, int]
    attempts: int
    retries: int
    retried: int
    recovered: int
    retry_success_rate: float | None
    failed_attempts: int
    error_rate: float | None
    throughput_per_hour: float | None
    queue: Distribution
    run: Distribution


class DefinitionFigures(Struct, frozen=True, kw_only=True):
    """The tasks of one definition; see `TaskFigures`."""

    namespace: str
    name: str
    version: str
    created: int
    completion_rate: float | None
    error_rate: float | None
    run: Distribution


class NamedStepFigures(Struct, frozen=True, kw_only=True):
    """One step of a definition, over its tasks; see `StepFigures`."""

    namespace: str
    name: str
    version: str
    step: str
    recorded: int
    attempts: int
    retries: int
    failed_attempts: int
    queue: Distribution
    run: Distribution


class TaskRun(Struct, frozen=True, kw_only=True):
    """One task, complete or in error: how long it took, and what became of its steps.

    ``steps`` is how many it has: those with a record, where the store does not have
    its definition.
    """

    task_id: str
    namespace: str
    name: str
    version: str
    state: TaskState
    run_seconds: float
    total_seconds: float
    steps: int
    completed_steps: int
    error_steps: int
    attempts: int
    created_at: datetime
    started_at: datetime
    ended_at: datetime
    initiator: str
    source_system: str


class StepRun(Struct, frozen=True, kw_only=True):
    """The latest attempt of one step.

    ``queue_seconds`` is the wait from when its dependencies were satisfied, or its
    backoff was over, to its start; ``run_seconds`` the attempt's length, None while
    it runs.
    """

    task_id: str
    namespace: str
    name: str
    version: str
    step: str
    state: StepState
    attempts: int
    queue_seconds: float | None
    run_seconds: float | None


class ErrorPattern(Struct, frozen=True, kw_only=True):
    """The failed attempts of one class of error; ``permanent`` of them no retry could help.

    ``share`` is their part of all failed attempts. ``tasks`` and ``steps`` count
    those that had any.
    """

    error_class: str
    failed_attempts: int
    share: float
    permanent: int
    tasks: int
    steps: int
    latest_at: datetime
    latest_task_id: str
    latest_step: str


class BlockingStep(Struct, frozen=True, kw_only=True):
    """A step of a definition, and the waits of one kind that it had a part in."""

    namespace: str
    name: str
    version: str
    step: str
    waits: int
    total_seconds: float
    mean_seconds: float
    max_seconds: float
    longest_task_id: str


class BlockingFigures(Struct, frozen=True, kw_only=True):
    """Waits for dependencies that are over, each laid to one dependency.

    ``blocking`` are the steps that others waited for, ``blocked`` those that waited;
    both by the total, longest first. See `tasker.statistics.blocking`.
    """

    waits: int
    total_seconds: float
    mean_seconds: float | None
    blocking: tuple[BlockingStep, ...]
    blocked: tuple[BlockingStep, ...]


class Statistics(Struct, frozen=True, kw_only=True):
    """Figures over the tasks that were created in a period, as they stood when read.

    ``definitions`` counts the definitions of the tasks, by namespace, name and
    version. Every list is the top of it alone: ``by_definition`` and ``by_step`` by
    total run time, ``slowest_tasks`` and ``slowest_steps`` by run time,
    ``longest_waits`` by queue wait, ``errors`` by failed attempts.
    """

    generated_at: datetime
    period: Period
    definitions: int
    tasks: TaskFigures
    steps: StepFigures
    by_definition: tuple[DefinitionFigures, ...]
    by_step: tuple[NamedStepFigures, ...]
    slowest_tasks: tuple[TaskRun, ...]
    slowest_steps: tuple[StepRun, ...]
    longest_waits: tuple[StepRun, ...]
    errors: tuple[ErrorPattern, ...]
    blocking: BlockingFigures


class Window(Struct, frozen=True, kw_only=True):
    """The figures of the latest hours; see `TaskFigures` and `StepFigures`."""

    hours: float
    created: int
    task_throughput_per_hour: float
    step_throughput_per_hour: float
    completion_rate: float | None
    error_rate: float | None
    mean_task_seconds: float | None
    mean_step_seconds: float | None


class ActivitySlice(Struct, frozen=True, kw_only=True, gc=False):
    """What happened from ``since`` on, for the length of a slice.

    ``completed`` are the tasks that came to rest complete or resolved by hand.
    """

    since: datetime
    created: int
    completed: int
    failed: int
    cancelled: int


class Activity(Struct, frozen=True, kw_only=True):
    """The tasks created in the latest hours, by when they were created and came to rest.

    ``slices`` are in order, the last one ends at ``generated_at``; each lasts
    ``slice_seconds``.
    """

    generated_at: datetime
    hours: float
    slice_seconds: float
    slices: tuple[ActivitySlice, ...]


class Performance(Struct, frozen=True, kw_only=True):
    """How it goes now, and how it went lately.

    ``active_tasks`` are those not at rest, whenever they were created;
    ``namespaces`` counts all that the store knows, ``definitions`` those of tasks
    created in the longest window. ``health_score`` is the share of complete among
    the tasks of the shortest window that are complete or in error; 1 when there are
    none.
    """

    generated_at: datetime
    active_tasks: int
    namespaces: int
    definitions: int
    health_score: float
    windows: tuple[Window, ...]
