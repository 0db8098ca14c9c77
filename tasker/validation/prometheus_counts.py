"""What the store says that the metrics should count, and how the two differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tasker.engine import Engine
from tasker.reading import HistoryEntry
from tasker.task_view import TaskView
from tasker.telemetry.metrics.catalog import (
    QUEUE_SECONDS,
    STEP,
    STEP_COUNTERS,
    STEP_SECONDS,
    TASK,
    TASK_COUNTERS,
    TASK_SECONDS,
)
from tasker.validation.prometheus_query import Series

Key = tuple[str, ...]
"""The name of a series, and its labels in the order of `STEP`."""

_ENDS = {
    "complete": "completed",
    "error": "failed",
    "cancelled": "cancelled",
    "resolved_manually": "resolved",
}
_TIMED = ("completed", "failed")


async def counts_of(engine: Engine, task_ids: Iterable[str]) -> dict[Key, int]:
    """Return each series that tasks should have made, by their histories in the store.

    Those that should be at 0 are among them.
    """
    counts: Counter[Key] = Counter()
    for task_id in task_ids:
        task = await engine.get(task_id)
        for key in _all(task):
            counts[key] += 0
        for entry in await engine.history(task_id):
            _count(counts, (task.namespace, task.name, task.version), entry)
    return dict(counts)


def differences(counts: Mapping[Key, int], found: Sequence[Series]) -> list[str]:
    """Return where Prometheus has something else than the store, a line each."""
    stored = {_key(series): series.number for series in found}
    wrong = []
    for key in sorted(counts.keys() | stored.keys()):
        there, here = stored.get(key), counts.get(key)
        if there is None:
            wrong.append(f"{_text(key)} is not in Prometheus, and {here} in the store")
        elif there != here:
            wrong.append(f"{_text(key)} is {there:g} in Prometheus, and {here or 0} in the store")
    return wrong


def _all(task: TaskView) -> Iterable[Key]:
    of = (task.namespace, task.name, task.version)
    for instrument in TASK_COUNTERS.values():
        yield (instrument.name, *of)
    yield (f"{TASK_SECONDS.name}_count", *of)
    for step in task.steps:
        for instrument in STEP_COUNTERS.values():
            yield (instrument.name, *of, step.name)
        yield (f"{STEP_SECONDS.name}_count", *of, step.name)
        yield (f"{QUEUE_SECONDS.name}_count", *of, step.name)


def _count(counts: Counter[Key], of: Key, entry: HistoryEntry) -> None:
    new = entry.to_state
    if entry.step is not None:
        where = (*of, entry.step)
        if new == "in_progress":
            counts[STEP_COUNTERS["started"].name, *where] += 1
            counts[f"{QUEUE_SECONDS.name}_count", *where] += 1
            counts[STEP_COUNTERS["retried"].name, *where] += (entry.attempt or 1) > 1
        elif new in _ENDS:
            counts[STEP_COUNTERS[_ENDS[new]].name, *where] += 1
            counts[f"{STEP_SECONDS.name}_count", *where] += _ENDS[new] in _TIMED
    elif entry.from_state is None:
        counts[TASK_COUNTERS["submitted"].name, *of] += 1
    elif new == "in_progress" and entry.from_state == "pending":
        counts[TASK_COUNTERS["started"].name, *of] += 1
    elif new in _ENDS:
        counts[TASK_COUNTERS[_ENDS[new]].name, *of] += 1
        counts[f"{TASK_SECONDS.name}_count", *of] += 1


def _key(series: Series) -> Key:
    labels = series.labels
    return (labels["__name__"], *(labels[label] for label in STEP if label in labels))


def _text(key: Key) -> str:
    labels = STEP if len(key) > len(TASK) + 1 else TASK
    pairs = ", ".join(f"{label}={value}" for label, value in zip(labels, key[1:], strict=False))
    return f"{key[0]}{{{pairs}}}"
