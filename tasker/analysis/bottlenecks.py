"""Steps that hold a task up, by their impact."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct

from tasker.analysis.config import DEFAULTS, AnalysisConfig, Severity
from tasker.analysis.facts import StepFacts, TaskFacts
from tasker.analysis.scores import impact_score, percentage
from tasker.stores.records import StepState

MOST_SHOWN = 10
UNSTABLE_ATTEMPTS = 2
"""Attempts from which on a step that is not done counts as one that holds the task up."""


class Bottleneck(Struct, frozen=True, kw_only=True):
    """A step that holds a task up.

    ``downstream_steps_count`` counts the steps that depend on it, directly or not,
    ``blocked_downstream_count`` those of them that wait for a dependency. See
    `impact_score` for the score.
    """

    step: str
    current_state: StepState
    attempts: int
    retry_limit: int
    dependencies_satisfied: bool
    downstream_steps_count: int
    blocked_downstream_count: int
    impact_score: int
    severity: Severity
    bottleneck_type: str
    resolution_strategy: str
    estimated_resolution_time: str


class Bottlenecks(Struct, frozen=True, kw_only=True):
    """The bottlenecks of a task.

    ``bottlenecks`` has the ten of the greatest impact; the counts are of all.
    ``failed_steps_ratio`` is a percentage of the steps, one decimal.
    ``overall_impact`` is None, Low, Medium, High or Severe.
    """

    total_bottlenecks: int
    critical_bottlenecks: int
    total_blocked_steps: int
    bottlenecks: tuple[Bottleneck, ...]
    task_health: str
    task_completion: float
    failed_steps_ratio: float
    overall_impact: str


def find_bottlenecks(facts: TaskFacts, config: AnalysisConfig = DEFAULTS) -> Bottlenecks:
    """Return what holds a task up.

    Where steps failed or were cancelled, it is those alone. Otherwise it is the steps
    that wait for a dependency, that needed several attempts, or may have none. A step
    that is done holds up nothing, and nothing holds up a task that is over.
    """
    found = ranked_bottlenecks(facts, config)
    status = facts.status
    failed = sum(step.failed for step in facts.steps)
    return Bottlenecks(
        total_bottlenecks=len(found),
        critical_bottlenecks=sum(each.severity is Severity.CRITICAL for each in found),
        total_blocked_steps=sum(each.blocked_downstream_count for each in found),
        bottlenecks=tuple(found[:MOST_SHOWN]),
        task_health=status.health_status,
        task_completion=status.completion_percentage,
        failed_steps_ratio=percentage(failed, len(facts.steps)),
        overall_impact=_overall(found, failed, len(facts.steps)),
    )


def ranked_bottlenecks(facts: TaskFacts, config: AnalysisConfig) -> list[Bottleneck]:
    """Return every bottleneck, the one of the greatest impact first."""
    found = [
        bottleneck(
            facts.steps[at], facts.downstream_count(at), facts.blocked_count(at), facts.now, config
        )
        for at in _candidates(facts)
    ]
    return sorted(found, key=lambda each: -each.impact_score)


def _candidates(facts: TaskFacts) -> Iterator[int]:
    if facts.over:
        return
    failed = [at for at, step in enumerate(facts.steps) if step.failed or step.stuck]
    if failed:
        yield from failed
        return
    for at, step in enumerate(facts.steps):
        unstable = step.attempts >= UNSTABLE_ATTEMPTS or not step.eligible
        if not step.done and (step.blocked or unstable):
            yield at


def bottleneck(
    step: StepFacts, downstream: int, blocked: int, now: float, config: AnalysisConfig
) -> Bottleneck:
    """Return a step as a bottleneck.

    Args:
        step: The step.
        downstream: How many steps depend on it, directly or not.
        blocked: How many of those wait for a dependency.
        now: Unix seconds.
        config: The weights.
    """
    score = impact_score(step, downstream=downstream, blocked=blocked, config=config)
    return Bottleneck(
        step=step.name,
        current_state=step.state,
        attempts=step.attempts,
        retry_limit=step.retry_limit,
        dependencies_satisfied=step.satisfied,
        downstream_steps_count=downstream,
        blocked_downstream_count=blocked,
        impact_score=score,
        severity=config.severity_thresholds.severity(score),
        bottleneck_type=_type(step),
        resolution_strategy=_resolution(step, now),
        estimated_resolution_time=_time(step, now),
    )


def _type(step: StepFacts) -> str:
    if step.state is StepState.CANCELLED:
        return "Cancelled"
    if step.failed:
        return "Active Error" if step.eligible else "Permanent Failure"
    if step.blocked:
        return "Dependency Block"
    return "Retry Exhaustion" if step.attempts >= UNSTABLE_ATTEMPTS else "Non-Retryable"


def _resolution(step: StepFacts, now: float) -> str:
    if step.stuck:
        return "Manual intervention required"
    if step.seconds_to_retry(now):
        return "Wait for backoff period"
    if step.failed:
        return "Investigate error cause"
    if step.blocked:
        return "Check upstream dependencies"
    return "Monitor retry attempts" if step.attempts else "Review step configuration"


def _time(step: StepFacts, now: float) -> str:
    if step.stuck:
        return "Immediate action needed"
    if seconds := step.seconds_to_retry(now):
        minutes = math.ceil(seconds / 60)
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    if step.failed or step.attempts:
        return "Within next retry cycle"
    return "Depends on upstream steps" if step.blocked else "Unknown"


def _overall(found: list[Bottleneck], failed: int, total: int) -> str:
    if not found:
        return "None"
    counts = {severity: 0 for severity in Severity}
    for each in found:
        counts[each.severity] += 1
    if counts[Severity.CRITICAL] >= 3 or failed > total / 2:
        return "Severe"
    if counts[Severity.CRITICAL] or counts[Severity.HIGH] >= 3:
        return "High"
    return "Medium" if counts[Severity.HIGH] or len(found) >= 5 else "Low"
