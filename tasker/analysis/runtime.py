"""The analysis of one task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field

from tasker.analysis.advice import TaskExecutionSummary, summarise
from tasker.analysis.bottlenecks import Bottlenecks, find_bottlenecks
from tasker.analysis.config import DEFAULTS, AnalysisConfig
from tasker.analysis.critical_paths import CriticalPaths, find_critical_paths
from tasker.analysis.error_chains import ErrorChains, find_error_chains
from tasker.analysis.facts import StepFacts, TaskFacts
from tasker.analysis.parallelism import Parallelism, find_parallelism
from tasker.analysis.shape import Shape
from tasker.analysis.timeline import SpanKind, Timeline, timeline_of
from tasker.reading import HistoryEntry
from tasker.task_view import TaskView


class Edge(Struct, frozen=True, kw_only=True, gc=False):
    """A dependency: ``to`` waits for ``from``."""

    source: str = field(name="from")
    to: str


class DependencyGraph(Struct, frozen=True, kw_only=True):
    """The graph of a task. ``dependency_levels`` counts from 0 at the roots."""

    edges: tuple[Edge, ...]
    dependents: dict[str, tuple[str, ...]]
    dependencies: dict[str, tuple[str, ...]]
    dependency_levels: dict[str, int]


class TimeSpent(Struct, frozen=True, kw_only=True):
    """Seconds of a task, from its creation to its rest or now, and those of its steps.

    ``queued_seconds``, ``running_seconds`` and ``backoff_seconds`` are of all steps
    together, and can be more than ``elapsed_seconds``.
    """

    elapsed_seconds: float
    queued_seconds: float
    running_seconds: float
    backoff_seconds: float


class TaskAnalysis(Struct, frozen=True, kw_only=True):
    """What is found out about a task; ``time_spent`` is None without its history."""

    task_id: str
    generated_at: datetime
    task_execution_summary: TaskExecutionSummary
    dependency_graph: DependencyGraph
    critical_paths: CriticalPaths
    parallelism_opportunities: Parallelism
    error_chains: ErrorChains
    bottlenecks: Bottlenecks
    time_spent: TimeSpent | None


def analyze_task(
    view: TaskView,
    history: Sequence[HistoryEntry] = (),
    *,
    now: datetime,
    config: AnalysisConfig = DEFAULTS,
) -> TaskAnalysis:
    """Return the analysis of a task, as it stands.

    It is worked out anew at each call, in time that grows with steps and edges, not
    with paths: a second is enough for 2,000 steps with 100,000 edges.

    Args:
        view: The task, from `Engine.get`.
        history: Its transitions, from `Engine.history`. With them times are those of all
            attempts, waits and backoffs; without, those of each step's latest attempt.
        now: The present, aware.
        config: The weights.
    """
    facts = TaskFacts.of(view.workflow_state, now.timestamp())
    timeline = timeline_of(view, history, now) if history else None
    critical = find_critical_paths(facts, measured_seconds(facts, timeline), config)
    parallelism = find_parallelism(facts, timeline)
    chains = find_error_chains(facts, config)
    bottlenecks = find_bottlenecks(facts, config)
    return TaskAnalysis(
        task_id=view.task_id,
        generated_at=now,
        task_execution_summary=summarise(
            facts,
            critical=critical,
            parallelism=parallelism,
            chains=chains,
            bottlenecks=bottlenecks,
            timeline=timeline,
        ),
        dependency_graph=dependency_graph(facts.shape),
        critical_paths=critical,
        parallelism_opportunities=parallelism,
        error_chains=chains,
        bottlenecks=bottlenecks,
        time_spent=None if timeline is None else _time_spent(timeline),
    )


def measured_seconds(facts: TaskFacts, timeline: Timeline | None) -> list[float | None]:
    """Return the seconds from when each step was ready to its end, or to now.

    Without a timeline they are those of its latest attempt. None for a step that has
    not begun.
    """
    if timeline is None:
        return [_latest_seconds(step, facts.now) for step in facts.steps]
    measured = timeline.seconds_by_step
    return [measured.get(step.name) for step in facts.steps]


def dependency_graph(shape: Shape) -> DependencyGraph:
    """Return a shape by names."""
    names = shape.names
    return DependencyGraph(
        edges=tuple(
            Edge(source=names[parent], to=names[at])
            for at, needed in enumerate(shape.parents)
            for parent in needed
        ),
        dependents={
            name: shape.named(following)
            for name, following in zip(names, shape.children, strict=True)
        },
        dependencies={
            name: shape.named(needed) for name, needed in zip(names, shape.parents, strict=True)
        },
        dependency_levels=dict(zip(names, shape.level, strict=True)),
    )


def _latest_seconds(step: StepFacts, now: float) -> float | None:
    record = step.record
    if record.started_at is None:
        return None
    ready = record.started_at if record.ready_at is None else record.ready_at
    end = now if record.ended_at is None else record.ended_at
    return max(0.0, end - min(ready, record.started_at))


def _time_spent(timeline: Timeline) -> TimeSpent:
    return TimeSpent(
        elapsed_seconds=timeline.end - timeline.start,
        queued_seconds=timeline.seconds(SpanKind.QUEUED),
        running_seconds=timeline.seconds(SpanKind.RUNNING),
        backoff_seconds=timeline.seconds(SpanKind.BACKOFF),
    )
