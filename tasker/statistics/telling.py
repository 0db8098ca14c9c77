"""From what was counted to the figures that are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from tasker.actors.workflow.states import AT_REST
from tasker.statistics.durations import Durations, seconds
from tasker.statistics.figures import (
    BlockingFigures,
    BlockingStep,
    DefinitionFigures,
    ErrorPattern,
    NamedStepFigures,
    Period,
    Statistics,
    StepFigures,
    StepRun,
    TaskFigures,
)
from tasker.statistics.tally import DefinitionKey, SlowStep, StepTally, Tally, WaitTally
from tasker.stores.records import StepState, TaskState

RUN_BUCKETS = (0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0)
"""Bounds of the run times of tasks, in seconds."""
HOUR_SECONDS = 3_600.0
StepKey = tuple[DefinitionKey, str]

_EPOCH = datetime.fromtimestamp(0, UTC)
_DONE = (TaskState.COMPLETE, TaskState.RESOLVED_MANUALLY)


def statistics_of(tally: Tally, period: Period, *, now: datetime, top: int) -> Statistics:
    """Return the figures, the slowest tasks still to be looked up."""
    hours = period.seconds / HOUR_SECONDS
    return Statistics(
        generated_at=now,
        period=period,
        definitions=len(tally.definitions),
        tasks=_tasks(tally, hours),
        steps=_steps(tally, hours),
        by_definition=_by_definition(tally, top),
        by_step=_by_step(tally, top),
        slowest_tasks=(),
        slowest_steps=tuple(map(_step_run, tally.slowest_steps.items())),
        longest_waits=tuple(map(_step_run, tally.longest_waits.items())),
        errors=_errors(tally, top),
        blocking=_blocking(tally, top),
    )


def instant_of(at_us: int) -> datetime:
    """Return microseconds since 1970 as an aware datetime, UTC."""
    return _EPOCH + timedelta(microseconds=at_us)


def completion_rate(states: Mapping[TaskState, int]) -> float | None:
    """Return the share of the complete and resolved among the tasks at rest."""
    return share(sum(states.get(state, 0) for state in _DONE), at_rest(states))


def error_rate(states: Mapping[TaskState, int]) -> float | None:
    """Return the share of those in error among the tasks at rest."""
    return share(states.get(TaskState.ERROR, 0), at_rest(states))


def at_rest(states: Mapping[TaskState, int]) -> int:
    """Return how many of the tasks are at rest."""
    return sum(states.get(state, 0) for state in AT_REST)


def share(part: float, whole: float) -> float | None:
    """Return a part of a whole; None of nothing."""
    return part / whole if whole else None


def _tasks(tally: Tally, hours: float) -> TaskFigures:
    states: Counter[TaskState] = Counter()
    for each in tally.definitions.values():
        states.update(each.states)
    run = Durations.joined(each.run for each in tally.definitions.values())
    total = Durations.joined(each.total for each in tally.definitions.values())
    return TaskFigures(
        created=states.total(),
        states=dict(states),
        at_rest=at_rest(states),
        completion_rate=completion_rate(states),
        error_rate=error_rate(states),
        created_per_hour=share(states.total(), hours),
        throughput_per_hour=share(tally.ended_in_time, hours),
        run=run.distribution(),
        total=total.distribution(),
        run_buckets=run.buckets(RUN_BUCKETS),
    )


def _steps(tally: Tally, hours: float) -> StepFigures:
    found = list(_by_key(tally).values())
    states: Counter[StepState] = Counter()
    for each in found:
        states.update(each.states)
    recovered = sum(each.recovered for each in found)
    attempts = sum(each.attempts for each in found)
    failed = sum(each.failed for each in tally.errors.values())
    return StepFigures(
        recorded=states.total(),
        states=dict(states),
        attempts=attempts,
        retries=sum(each.retries for each in found),
        retried=sum(each.retried for each in found),
        recovered=recovered,
        retry_success_rate=share(recovered, recovered + sum(each.lost for each in found)),
        failed_attempts=failed,
        error_rate=share(failed, attempts),
        throughput_per_hour=share(tally.steps_ended_in_time, hours),
        queue=Durations.joined(each.queue for each in found).distribution(),
        run=Durations.joined(each.run for each in found).distribution(),
    )


def _by_definition(tally: Tally, top: int) -> tuple[DefinitionFigures, ...]:
    first = sorted(tally.definitions.items(), key=lambda item: (-item[1].run.total_us, item[0]))
    return tuple(
        DefinitionFigures(
            namespace=namespace,
            name=name,
            version=version,
            created=each.states.total(),
            completion_rate=completion_rate(each.states),
            error_rate=error_rate(each.states),
            run=each.run.distribution(),
        )
        for (namespace, name, version), each in first[:top]
    )


def _by_step(tally: Tally, top: int) -> tuple[NamedStepFigures, ...]:
    recorded = ((key, each) for key, each in _by_key(tally).items() if each.states)
    first = sorted(recorded, key=lambda item: (-item[1].run.total_us, item[0]))
    return tuple(
        NamedStepFigures(
            namespace=namespace,
            name=name,
            version=version,
            step=step,
            recorded=each.states.total(),
            attempts=each.attempts,
            retries=each.retries,
            failed_attempts=each.failed,
            queue=each.queue.distribution(),
            run=each.run.distribution(),
        )
        for ((namespace, name, version), step), each in first[:top]
    )


def _step_run(found: SlowStep) -> StepRun:
    return StepRun(
        task_id=found.task.task_id,
        namespace=found.task.namespace,
        name=found.task.name,
        version=found.task.version,
        step=found.step.name,
        state=found.step.state,
        attempts=found.step.attempts,
        queue_seconds=None if found.queue_us is None else seconds(found.queue_us),
        run_seconds=None if found.run_us is None else seconds(found.run_us),
    )


def _errors(tally: Tally, top: int) -> tuple[ErrorPattern, ...]:
    failed = sum(each.failed for each in tally.errors.values())
    first = sorted(tally.errors.items(), key=lambda item: (-item[1].failed, item[0]))
    return tuple(
        ErrorPattern(
            error_class=kind,
            failed_attempts=each.failed,
            share=each.failed / failed,
            permanent=each.permanent,
            tasks=each.tasks,
            steps=each.steps,
            latest_at=instant_of(each.latest[0]),
            latest_task_id=each.latest[1],
            latest_step=each.latest[2],
        )
        for kind, each in first[:top]
    )


def _blocking(tally: Tally, top: int) -> BlockingFigures:
    steps = _by_key(tally)
    count = sum(each.blocking.count for each in steps.values())
    total_us = sum(each.blocking.total_us for each in steps.values())
    return BlockingFigures(
        waits=count,
        total_seconds=seconds(total_us),
        mean_seconds=share(seconds(total_us), count),
        blocking=_longest_waits(((key, each.blocking) for key, each in steps.items()), top),
        blocked=_longest_waits(((key, each.blocked) for key, each in steps.items()), top),
    )


def _by_key(tally: Tally) -> dict[StepKey, StepTally]:
    return {
        (key, name): each
        for key, definition in tally.definitions.items()
        for name, each in definition.steps.items()
    }


def _longest_waits(
    waits: Iterable[tuple[StepKey, WaitTally]], top: int
) -> tuple[BlockingStep, ...]:
    any_ = (item for item in waits if item[1].count)
    first = sorted(any_, key=lambda item: (-item[1].total_us, item[0]))
    return tuple(
        BlockingStep(
            namespace=namespace,
            name=name,
            version=version,
            step=step,
            waits=each.count,
            total_seconds=seconds(each.total_us),
            mean_seconds=seconds(each.total_us) / each.count,
            max_seconds=seconds(each.longest_us),
            longest_task_id=each.longest_task_id,
        )
        for ((namespace, name, version), step), each in first[:top]
    )
