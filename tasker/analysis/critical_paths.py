"""The paths through a task that decide when it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from tasker.analysis.config import DEFAULTS, AnalysisConfig
from tasker.analysis.facts import StepFacts, TaskFacts
from tasker.analysis.paths import best_paths, count_paths, longest_path
from tasker.analysis.scores import percentage
from tasker.analysis.shape import Shape
from tasker.stores.records import StepState

MOST_SHOWN = 5
COMPLETION_DISCOUNT = 0.3
"""Part of a path's score that a task loses on its way to completion."""
POINTS_PER_MINUTE = 2.0
"""Points of a path's score for each minute of its estimated duration."""
UNHEALTHY = 1.5
"""What the penalties of blocked and failed steps are multiplied by when anything failed."""
_GRAINS = 1_000_000  # points are compared as whole numbers of their millionths


class CriticalPath(Struct, frozen=True, kw_only=True):
    """The path that decides, by one measure, and its sum of that measure.

    ``total`` is in seconds by time, in steps by count.
    """

    steps: tuple[str, ...]
    total: float


class PathBottleneck(Struct, frozen=True, kw_only=True):
    """A step that a path stands still at.

    ``severity`` is 10 for a failed step, 5 more for each attempt, 20 where its limit is
    reached, 5 where it waits for a dependency.
    """

    step: str
    reason: str
    severity: int
    impact: str


class ScoredPath(Struct, frozen=True, kw_only=True):
    """A path from a root to a leaf, with what there is on it.

    ``estimated_duration`` is in seconds, by the estimates of the configuration.
    ``completion_percentage`` is of the path, one decimal. See `find_critical_paths` for
    the score.
    """

    step_names: tuple[str, ...]
    length: int
    completed_steps: int
    blocked_steps: int
    error_steps: int
    retry_steps: int
    ready_steps: int
    estimated_duration: float
    bottlenecks: tuple[PathBottleneck, ...]
    criticality_score: float
    completion_percentage: float


class CriticalPaths(Struct, frozen=True, kw_only=True):
    """The paths of a task.

    Attributes:
        total_paths: Paths from a root to a leaf; 10**15 stands for that many or more.
        longest_path_length: Steps on the longest path.
        by_count: That path.
        by_time: The path of steps that have begun on which the most measured time was
            spent, waits, runs and backoffs together; None before anything was measured.
            In a finished task it is what decided when the task ended.
        paths: The five of the highest score, the highest first.
        root_steps: Steps that depend on none.
        leaf_steps: Steps that none depends on.
    """

    total_paths: int
    longest_path_length: int
    by_count: CriticalPath
    by_time: CriticalPath | None
    paths: tuple[ScoredPath, ...]
    root_steps: tuple[str, ...]
    leaf_steps: tuple[str, ...]


def find_critical_paths(
    facts: TaskFacts,
    seconds: Sequence[float | None],
    config: AnalysisConfig = DEFAULTS,
) -> CriticalPaths:
    """Return the paths that decide when a task ends, by time, by count and by score.

    The score, by the guide's formula, with ``health`` 1 where nothing failed and 1.5
    otherwise:

        length * path_length_weight - completed * completed_penalty
            + blocked * blocked_penalty * health + errors * error_penalty * health
            + retries * retry_penalty + estimated_duration / 60 * 2

    times 1 - 0.3 * completion of the task, and never below 0.

    Args:
        facts: The task.
        seconds: What was measured of each step; None for one that has not begun.
        config: The weights.
    """
    shape = facts.shape
    points = [_points(facts, step, config) for step in facts.steps]
    best = best_paths(shape, [round(each * _GRAINS) for each in points], MOST_SHOWN)
    longest = longest_path(shape)
    return CriticalPaths(
        total_paths=count_paths(shape),
        longest_path_length=len(longest),
        by_count=CriticalPath(steps=shape.named(longest), total=float(len(longest))),
        by_time=_by_time(facts, seconds),
        paths=tuple(_scored(facts, path, points, config) for path in best),
        root_steps=shape.named(shape.roots),
        leaf_steps=shape.named(shape.leaves),
    )


def path_by_time(shape: Shape, seconds: Sequence[float | None]) -> tuple[int, ...]:
    """Return the path of steps that have begun with the most seconds; empty for none.

    ``seconds`` is None for a step that has not begun.
    """
    path = list(longest_path(shape, [each or 0.0 for each in seconds]))
    while path and seconds[path[-1]] is None:
        path.pop()
    return tuple(path) if any(seconds[at] for at in path) else ()


def _by_time(facts: TaskFacts, seconds: Sequence[float | None]) -> CriticalPath | None:
    path = path_by_time(facts.shape, seconds)
    if not path:
        return None
    return CriticalPath(
        steps=facts.shape.named(path), total=math.fsum(seconds[at] or 0.0 for at in path)
    )


def _points(facts: TaskFacts, step: StepFacts, config: AnalysisConfig) -> float:
    """Return what a step adds to the score of every path that it is on."""
    weights = config.impact_multipliers
    health = 1.0 if facts.healthy else UNHEALTHY
    points = weights.path_length_weight
    points += _estimate(step, config) / 60.0 * POINTS_PER_MINUTE
    if step.done:
        points -= weights.completed_penalty
    if step.blocked:
        points += weights.blocked_penalty * health
    if step.failed:
        points += weights.error_penalty * health
        points += weights.retry_penalty if step.attempts else 0.0
    return points


def _estimate(step: StepFacts, config: AnalysisConfig) -> float:
    estimates = config.duration_estimates
    seconds = estimates.base_step_seconds + step.attempts * estimates.retry_penalty_seconds
    return seconds + (estimates.error_penalty_seconds if step.failed else 0.0)


def _scored(
    facts: TaskFacts, path: Sequence[int], points: Sequence[float], config: AnalysisConfig
) -> ScoredPath:
    steps = [facts.steps[at] for at in path]
    completion = facts.status.completion_percentage / 100.0
    score = sum(points[at] for at in path) * (1.0 - COMPLETION_DISCOUNT * completion)
    completed = sum(step.done for step in steps)
    return ScoredPath(
        step_names=facts.shape.named(path),
        length=len(path),
        completed_steps=completed,
        blocked_steps=sum(step.blocked for step in steps),
        error_steps=sum(step.failed for step in steps),
        retry_steps=sum(step.failed and step.attempts > 0 for step in steps),
        ready_steps=sum(step.ready for step in steps),
        estimated_duration=sum(_estimate(step, config) for step in steps),
        bottlenecks=_path_bottlenecks(facts, steps),
        criticality_score=round(max(0.0, score), 2),
        completion_percentage=percentage(completed, len(path)),
    )


def _path_bottlenecks(facts: TaskFacts, steps: Sequence[StepFacts]) -> tuple[PathBottleneck, ...]:
    found = [
        PathBottleneck(
            step=step.name,
            reason=blocking_reason(step, facts.now),
            severity=_path_severity(step),
            impact=_impact(len(steps) - place),
        )
        for place, step in enumerate(steps, 1)
        if not facts.over and (step.blocked or step.failed or step.stuck)
    ]
    return tuple(sorted(found, key=lambda each: -each.severity))


def _impact(following: int) -> str:
    return f"Blocks {following} downstream step{'' if following == 1 else 's'}"


def _path_severity(step: StepFacts) -> int:
    severity = 5 * step.attempts + (10 if step.failed else 0)
    return severity + (20 if step.exhausted else 0) + (5 if step.blocked else 0)


def blocking_reason(step: StepFacts, now: float) -> str:
    """Return why a step does not go on."""
    if step.ready or step.done:
        return "Not blocked (ready for execution)" if step.ready else "Not blocked (done)"
    if step.seconds_to_retry(now):
        return "In backoff period"
    if step.failed:
        if step.exhausted:
            return "Exhausted retries"
        return "In error state" if step.eligible else "Permanent error"
    if step.state is not StepState.PENDING:
        return f"Invalid state: {step.state}"
    return "Dependencies not satisfied"
