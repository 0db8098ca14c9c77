"""Every metric there is: its name, kind, labels and meaning."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram"]

TASK = ("namespace", "name", "version")
STEP = (*TASK, "step")


class Instrument(Struct, frozen=True, kw_only=True):
    """One metric. ``name`` is as it is queried; a histogram has ``_bucket`` and so on beside."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


def _counter(name: str, labels: tuple[str, ...], help: str) -> Instrument:
    return Instrument(name=name, kind="counter", labels=labels, help=help)


def _gauge(name: str, help: str, labels: tuple[str, ...] = ()) -> Instrument:
    return Instrument(name=name, kind="gauge", labels=labels, help=help)


def _histogram(name: str, labels: tuple[str, ...], help: str) -> Instrument:
    return Instrument(name=name, kind="histogram", labels=labels, help=help)


TASK_COUNTERS = {
    "submitted": _counter(
        "tasker_tasks_submitted_total", TASK, "Tasks that this process submitted durably."
    ),
    "started": _counter("tasker_tasks_started_total", TASK, "Tasks whose work began."),
    "completed": _counter("tasker_tasks_completed_total", TASK, "Tasks that are complete."),
    "failed": _counter("tasker_tasks_failed_total", TASK, "Tasks that came to rest in error."),
    "retried": _counter("tasker_tasks_retried_total", TASK, "Failed tasks taken back to work."),
    "cancelled": _counter("tasker_tasks_cancelled_total", TASK, "Tasks that were cancelled."),
    "resolved": _counter("tasker_tasks_resolved_total", TASK, "Tasks resolved by hand."),
}
"""By the figure of `TaskTally` that it shows."""

STEP_COUNTERS = {
    "started": _counter("tasker_steps_started_total", STEP, "Attempts that began."),
    "completed": _counter("tasker_steps_completed_total", STEP, "Attempts that succeeded."),
    "failed": _counter("tasker_steps_failed_total", STEP, "Attempts that failed."),
    "retried": _counter(
        "tasker_steps_retried_total", STEP, "Attempts that began and were not a step's first."
    ),
    "cancelled": _counter("tasker_steps_cancelled_total", STEP, "Steps that were cancelled."),
    "resolved": _counter(
        "tasker_steps_resolved_total", STEP, "Steps resolved by hand or bypassed."
    ),
    "lost": _counter(
        "tasker_steps_lost_total",
        STEP,
        "Attempts cut short by the end of a process, of an engine or of their task's time.",
    ),
    "backoff_seconds": _counter(
        "tasker_step_backoff_seconds_total", STEP, "Seconds that retries were put off for."
    ),
}
"""By the figure of `StepTally` that it shows."""

TASK_SECONDS = _histogram(
    "tasker_task_duration_seconds", TASK, "From a task's start to its end, retries included."
)
STEP_SECONDS = _histogram(
    "tasker_step_duration_seconds", STEP, "How long attempts ran that succeeded or failed."
)
QUEUE_SECONDS = _histogram(
    "tasker_step_queue_seconds", STEP, "From when a step could start to when it did."
)
COMMIT_SECONDS = _histogram(
    "tasker_journal_commit_seconds", (), "How long commits took, failed ones included."
)
COMMIT_APPENDS = _histogram("tasker_journal_commit_appends", (), "Appends in one commit.")

SUPERVISORS = _gauge("tasker_supervisors_live", "Tasks in memory, each with its supervisor.")
SUPERVISORS_LIMIT = _gauge("tasker_supervisors_limit", "Most tasks in memory at once.")
MAILBOX_DEPTH = _gauge("tasker_mailbox_depth", "Messages that wait for supervisors of tasks.")
MAILBOX_DEEPEST = _gauge("tasker_mailbox_depth_max", "Messages in the fullest of those mailboxes.")
RECOVERIES = _counter(
    "tasker_recoveries_total", (), "Tasks taken up in the middle of an attempt that was lost."
)
PASSIVATIONS = _counter(
    "tasker_passivations_total", (), "Tasks let go of, to wait in the store for their time."
)
UNRUNNABLE = _counter(
    "tasker_unrunnable_total", (), "Tasks put back because their handlers are not here."
)
JOURNAL_QUEUE = _gauge("tasker_journal_queue_depth", "Appends that wait to be committed.")
JOURNAL_CAPACITY = _gauge(
    "tasker_journal_queue_capacity", "Appends that may wait before submit has to."
)
JOURNAL_APPENDS = _counter("tasker_journal_appends_total", (), "Appends that were recorded.")
JOURNAL_COMMITS = _counter("tasker_journal_commits_total", (), "Commits that succeeded.")
JOURNAL_FAILURES = _counter("tasker_journal_commit_failures_total", (), "Commits that failed.")
JOURNAL_HEALTHY = _gauge("tasker_journal_healthy", "1 while the store can be written to, or 0.")
LOOP_LAG = _gauge(
    "tasker_loop_lag_seconds", "By how much the event loop was late, at worst in 5 seconds."
)
PERMITS_IN_USE = _gauge("tasker_permits_in_use", "Attempts that run, or are about to.")
PERMITS_LIMIT = _gauge("tasker_permits_limit", "Attempts that may run at once just now.")
PERMITS_WAITING = _gauge("tasker_permits_waiting", "Steps that wait for a permit to start.")
PRESSURE = _gauge(
    "tasker_pressure_ratio", "Load of a part, 1 at the most it should have.", ("source",)
)
LIMIT_CHANGES = _counter(
    "tasker_permits_limit_changes_total", ("direction",), "Changes of the limit of attempts."
)
DROPPED = _counter(
    "tasker_subscriber_dropped_total", ("subscriber",), "Events that a subscriber has lost."
)
STREAM_DROPPED = _counter(
    "tasker_event_stream_dropped_total", (), "Events that streams have lost, all together."
)
DEAD_LETTERS = _counter(
    "tasker_subscription_dead_letters_total",
    ("subscription",),
    "Events that could not be delivered to a durable subscription.",
)
TELEMETRY_FAILURES = _counter(
    "tasker_telemetry_failures_total",
    ("part",),
    "Times that events, log, metrics or traces could not take note of something.",
)
BUILD = _gauge("tasker_build_info", "1; the label has Tasker's version.", ("version",))

INSTRUMENTS: tuple[Instrument, ...] = (
    *TASK_COUNTERS.values(),
    TASK_SECONDS,
    *STEP_COUNTERS.values(),
    STEP_SECONDS,
    QUEUE_SECONDS,
    *(SUPERVISORS, SUPERVISORS_LIMIT, MAILBOX_DEPTH, MAILBOX_DEEPEST),
    *(RECOVERIES, PASSIVATIONS, UNRUNNABLE),
    *(JOURNAL_QUEUE, JOURNAL_CAPACITY, JOURNAL_APPENDS, JOURNAL_COMMITS, JOURNAL_FAILURES),
    *(JOURNAL_HEALTHY, COMMIT_SECONDS, COMMIT_APPENDS, LOOP_LAG),
    *(PERMITS_IN_USE, PERMITS_LIMIT, PERMITS_WAITING, LIMIT_CHANGES, PRESSURE),
    *(DROPPED, STREAM_DROPPED, DEAD_LETTERS, TELEMETRY_FAILURES, BUILD),
)
"""All of them, in the order in which they are told."""
