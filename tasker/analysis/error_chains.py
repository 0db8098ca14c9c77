"""Failed steps with what they hold up, and what helps."""

from __future__ import annotations

import math
from datetime import datetime

from msgspec import Struct

from tasker.analysis.config import DEFAULTS, AnalysisConfig, Severity
from tasker.analysis.facts import StepFacts, TaskFacts
from tasker.analysis.scores import percentage
from tasker.analysis.shape import members
from tasker.request import instant

MOST_URGENT = 3


class RetryAnalysis(Struct, frozen=True, kw_only=True):
    """What the retry rules still allow a failed step.

    ``retryable`` says whether another attempt is allowed at all: False for a permanent
    error, an exhausted limit, and a step that is not retryable.
    """

    exhausted: bool
    remaining_attempts: int
    in_backoff: bool
    next_retry_at: datetime | None
    retryable: bool


class RecoveryStrategy(Struct, frozen=True, kw_only=True):
    """Something to do about a failed step; ``priority`` is High, Medium or Low."""

    strategy: str
    priority: str
    description: str


class ErrorChain(Struct, frozen=True, kw_only=True):
    """A failed step and the steps that cannot go on because of it.

    ``total_impact`` is blocked * blocked_weight + downstream * downstream_weight +
    attempts * retry_instability, and exhausted_retry where its limit is reached.
    ``downstream_steps`` stand in the order of the definition.
    """

    error_step: str
    error_class: str
    error_message: str
    error_attempts: int
    retry_limit: int
    retry_analysis: RetryAnalysis
    downstream_steps: tuple[str, ...]
    blocked_downstream_steps: int
    total_downstream_steps: int
    total_impact: float
    recovery_strategies: tuple[RecoveryStrategy, ...]


class RecoveryPriority(Struct, frozen=True, kw_only=True):
    """A failed step to look at first, and what to do about it."""

    step: str
    priority_level: Severity
    reason: str
    recommended_action: str


class ErrorChains(Struct, frozen=True, kw_only=True):
    """The failed steps of a task, the one of the greatest impact first.

    ``error_percentage`` is of all steps, one decimal. ``total_blocked_by_errors`` counts
    each step once that waits behind any of them.
    """

    total_error_steps: int
    total_steps: int
    error_percentage: float
    total_blocked_by_errors: int
    most_critical_error: str | None
    error_chains: tuple[ErrorChain, ...]
    recovery_priority: tuple[RecoveryPriority, ...]
    task_health: str


def find_error_chains(facts: TaskFacts, config: AnalysisConfig = DEFAULTS) -> ErrorChains:
    """Return what the failed steps of a task hold up, and what helps.

    A task that is over has none: what failed in it was taken as done, or given up.
    """
    failed = [at for at, step in enumerate(facts.steps) if step.failed and not facts.over]
    chains = sorted(
        (_chain(facts, at, config) for at in failed), key=lambda chain: -chain.total_impact
    )
    behind = 0
    for at in failed:
        behind |= facts.shape.downstream[at]
    return ErrorChains(
        total_error_steps=len(chains),
        total_steps=len(facts.steps),
        error_percentage=percentage(len(chains), len(facts.steps)),
        total_blocked_by_errors=(behind & facts.blocked).bit_count(),
        most_critical_error=chains[0].error_step if chains else None,
        error_chains=tuple(chains),
        recovery_priority=tuple(_priority(chain, config) for chain in chains[:MOST_URGENT]),
        task_health=facts.status.health_status,
    )


def _chain(facts: TaskFacts, at: int, config: AnalysisConfig) -> ErrorChain:
    step, error = facts.steps[at], facts.steps[at].record.error
    downstream, blocked = facts.downstream_count(at), facts.blocked_count(at)
    weights, penalties = config.impact_multipliers, config.penalty_constants
    impact = blocked * weights.blocked_weight + downstream * weights.downstream_weight
    impact += step.attempts * penalties.retry_instability
    if step.exhausted:
        impact += penalties.exhausted_retry
    return ErrorChain(
        error_step=step.name,
        error_class="" if error is None else error.error_class,
        error_message="" if error is None else error.message,
        error_attempts=step.attempts,
        retry_limit=step.retry_limit,
        retry_analysis=_retries(step, facts.now),
        downstream_steps=facts.shape.named(tuple(members(facts.shape.downstream[at]))),
        blocked_downstream_steps=blocked,
        total_downstream_steps=downstream,
        total_impact=impact,
        recovery_strategies=recovery_strategies(step, facts.now),
    )


def _retries(step: StepFacts, now: float) -> RetryAnalysis:
    return RetryAnalysis(
        exhausted=step.exhausted,
        remaining_attempts=step.attempts_left,
        in_backoff=step.seconds_to_retry(now) > 0,
        next_retry_at=instant(step.record.retry_at),
        retryable=step.eligible,
    )


def recovery_strategies(step: StepFacts, now: float) -> tuple[RecoveryStrategy, ...]:
    """Return what helps a failed step, the best first."""
    if step.exhausted:
        return (
            RecoveryStrategy(
                strategy="Manual Resolution",
                priority="High",
                description="Mend the cause and retry the step, or do its work by hand and "
                "resolve it",
            ),
            RecoveryStrategy(
                strategy="Increase Retry Limit",
                priority="Medium",
                description=f"Allow more than {step.retry_limit} attempts, if the cause passes "
                "by itself",
            ),
        )
    if seconds := step.seconds_to_retry(now):
        return (
            RecoveryStrategy(
                strategy="Wait for Backoff",
                priority="Low",
                description=f"The next attempt is due in {math.ceil(seconds)} s",
            ),
        )
    if step.record.retry_at is not None:
        return (
            RecoveryStrategy(
                strategy="Monitor Retries",
                priority="Medium",
                description=f"The next attempt is due, {step.attempts_left} are left",
            ),
        )
    return (
        RecoveryStrategy(
            strategy="Investigate Root Cause",
            priority="High",
            description="No attempt follows by itself: mend the cause and retry the step, or "
            "resolve it",
        ),
    )


def _priority(chain: ErrorChain, config: AnalysisConfig) -> RecoveryPriority:
    blocked = chain.blocked_downstream_steps
    return RecoveryPriority(
        step=chain.error_step,
        priority_level=config.severity_thresholds.severity(chain.total_impact),
        reason=f"Blocking {blocked} downstream step{'' if blocked == 1 else 's'}",
        recommended_action=chain.recovery_strategies[0].strategy,
    )
