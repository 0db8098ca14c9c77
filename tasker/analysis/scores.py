"""The points of a step that holds a task up."""

from __future__ import annotations

from tasker.analysis.config import DEFAULTS, AnalysisConfig
from tasker.analysis.facts import StepFacts
from tasker.stores.records import StepState


def impact_score(
    step: StepFacts, *, downstream: int, blocked: int, config: AnalysisConfig = DEFAULTS
) -> int:
    """Return the points of a step, by the guide's formula:

        (downstream * downstream_weight + blocked * blocked_weight) * multiplier
            + attempts * retry_instability + non_retryable + exhausted_retry

    The multiplier is that of `severity_multiplier`; ``non_retryable`` is added where the
    step will get no further attempt, ``exhausted_retry`` where its limit is reached.
    Rounded to a whole number.
    """
    weights, penalties = config.impact_multipliers, config.penalty_constants
    base = downstream * weights.downstream_weight + blocked * weights.blocked_weight
    penalty = step.attempts * penalties.retry_instability
    if not step.eligible:
        penalty += penalties.non_retryable
    if step.exhausted:
        penalty += penalties.exhausted_retry
    return round(base * severity_multiplier(step, config) + penalty)


def severity_multiplier(step: StepFacts, config: AnalysisConfig = DEFAULTS) -> float:
    """Return 1, ``dependency_issue``, ``error_state``, or that with its bonus."""
    multipliers = config.severity_multipliers
    if step.failed:
        bonus = multipliers.exhausted_retry_bonus if step.exhausted else 0.0
        return multipliers.error_state + bonus
    if step.state is StepState.PENDING and not step.satisfied:
        return multipliers.dependency_issue
    return 1.0


def percentage(part: int, whole: int) -> float:
    """Return a part in hundredths of the whole, one decimal; 0 of nothing."""
    return round(100.0 * part / whole, 1) if whole else 0.0
