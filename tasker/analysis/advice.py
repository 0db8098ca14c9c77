"""A task's analysis in a few figures, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from tasker.analysis.bottlenecks import UNSTABLE_ATTEMPTS, Bottlenecks
from tasker.analysis.config import Severity
from tasker.analysis.critical_paths import CriticalPaths
from tasker.analysis.error_chains import ErrorChains
from tasker.analysis.facts import TaskFacts
from tasker.analysis.parallelism import Parallelism
from tasker.analysis.timeline import SpanKind, Timeline
from tasker.stores.records import StepState

MOST_ADVICE = 5
DOMINANT = 0.5
"""Part of the longest path by time from which on one step is worth naming."""
LEAST_SECONDS = 1.0
"""A path that took less than this has nothing worth gaining."""
_IN_WORDS = {
    SpanKind.QUEUED: "waiting to start",
    SpanKind.RUNNING: "running",
    SpanKind.BACKOFF: "backing off between attempts",
}
_REMEDIES = {
    SpanKind.QUEUED: "see which limit holds steps back",
    SpanKind.RUNNING: "make it faster, or split it into steps that run at once",
    SpanKind.BACKOFF: "see why its attempts failed, or shorten its backoff",
}


class TaskExecutionSummary(Struct, frozen=True, kw_only=True):
    """A task in a few figures.

    ``dependency_levels`` counts levels, ``longest_path_length`` steps.
    ``overall_health`` is critical where a step failed or a bottleneck is critical,
    warning where one is high, else healthy. ``recommendations`` are sentences, the most
    urgent first, five at most.
    """

    total_steps: int
    total_dependencies: int
    dependency_levels: int
    longest_path_length: int
    critical_bottlenecks_count: int
    error_chains_count: int
    parallelism_efficiency: float
    overall_health: str
    recommendations: tuple[str, ...]


def summarise(
    facts: TaskFacts,
    *,
    critical: CriticalPaths,
    parallelism: Parallelism,
    chains: ErrorChains,
    bottlenecks: Bottlenecks,
    timeline: Timeline | None,
) -> TaskExecutionSummary:
    """Return the summary of an analysis."""
    severities = [each.severity for each in bottlenecks.bottlenecks]
    health = "healthy"
    if bottlenecks.critical_bottlenecks or chains.total_error_steps:
        health = "critical"
    elif Severity.HIGH in severities:
        health = "warning"
    advice = [] if facts.over else [*_on_failures(facts, chains), *_on_attempts(facts)]
    if timeline is not None:
        advice += _on_time(critical, timeline)
    return TaskExecutionSummary(
        total_steps=len(facts.steps),
        total_dependencies=facts.shape.edge_count,
        dependency_levels=parallelism.total_levels,
        longest_path_length=critical.longest_path_length,
        critical_bottlenecks_count=bottlenecks.critical_bottlenecks,
        error_chains_count=chains.total_error_steps,
        parallelism_efficiency=parallelism.parallelism_efficiency,
        overall_health=health,
        recommendations=tuple(advice[:MOST_ADVICE]),
    )


def _on_failures(facts: TaskFacts, chains: ErrorChains) -> Iterator[str]:
    for chain in chains.error_chains:
        blocked = chain.blocked_downstream_steps
        held = f", and holds up {_steps(blocked)}" if blocked else ""
        description = chain.recovery_strategies[0].description
        yield f"{chain.error_step} failed{held}: {description[:1].lower()}{description[1:]}"
    for at, step in enumerate(facts.steps):
        if step.state is StepState.CANCELLED and (count := facts.blocked_count(at)):
            yield (
                f"{step.name} was cancelled, and holds up {_steps(count)}: they cannot run, "
                "cancel the task"
            )


def _on_attempts(facts: TaskFacts) -> Iterator[str]:
    for step in facts.steps:
        if not step.done and not step.failed and step.attempts >= UNSTABLE_ATTEMPTS:
            yield (
                f"{step.name} is at attempt {step.attempts} of {step.retry_limit}: see why it "
                "failed before"
            )


def _on_time(critical: CriticalPaths, timeline: Timeline) -> Iterator[str]:
    path = critical.by_time
    if path is None or path.total < LEAST_SECONDS:
        return
    step = max(path.steps, key=lambda name: timeline.seconds_by_step.get(name, 0.0))
    share = timeline.seconds_by_step[step] / path.total
    spent = {
        kind: sum(span.seconds for span in timeline.by_step[step] if span.kind is kind)
        for kind in SpanKind
    }
    kind = max(spent, key=spent.__getitem__)
    if share >= DOMINANT:
        yield (
            f"{step} took {share:.0%} of the longest path by time, most of it {_IN_WORDS[kind]}: "
            f"{_REMEDIES[kind]}"
        )
    elif timeline.seconds(SpanKind.QUEUED) > timeline.seconds(SpanKind.RUNNING):
        yield f"steps waited longer than they ran: {_REMEDIES[SpanKind.QUEUED]}"


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"
