"""`TaskTimes` of what is kept as records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from tasker.stores.records import StepRecord, StepState, TaskRecord, Transition
from tasker.stores.times import FailureTimes, StepTimes, TaskTimes, microseconds

Journal = Sequence[tuple[float, Sequence[Transition]]]
"""The appends of a task: their instants and transitions."""


class _Detail(Struct):
    error_class: str | None = None
    permanent: bool = False


_detail = msgspec.json.Decoder(_Detail).decode


def times_of(task: TaskRecord, steps: Iterable[StepRecord], journal: Journal) -> TaskTimes:
    """Return the instants of a task, its steps and its failures."""
    steps = tuple(steps)
    failed = any(step.attempts > 1 or step.error is not None for step in steps)
    return TaskTimes(
        task_id=task.task_id,
        namespace=task.namespace,
        name=task.name,
        version=task.version,
        definition_hash=task.definition_hash,
        state=task.state,
        created_us=microseconds(task.created_at),
        started_us=_instant(task.started_at),
        ended_us=_instant(task.ended_at),
        steps=tuple(
            StepTimes(
                name=step.name,
                state=step.state,
                attempts=step.attempts,
                ready_us=_instant(step.ready_at),
                started_us=_instant(step.started_at),
                ended_us=_instant(step.ended_at),
            )
            for step in steps
        ),
        failures=tuple(_failures(journal)) if failed else (),
    )


def _failures(journal: Journal) -> Iterator[FailureTimes]:
    for at, transitions in journal:
        for transition in transitions:
            if transition.step is None or transition.to_state != StepState.ERROR:
                continue
            detail = _Detail() if transition.detail is None else _detail(transition.detail)
            yield FailureTimes(
                step=transition.step,
                attempt=transition.attempt,
                at_us=microseconds(at),
                error_class=detail.error_class,
                permanent=detail.permanent,
            )


def _instant(at: float | None) -> int | None:
    return None if at is None else microseconds(at)
