"""The weights of the analysis: everything that can be tuned, and what is out of range."""

from __future__ import annotations

import math
from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """How bad a bottleneck is; see `SeverityThresholds`."""

    CRITICAL = "Critical"
    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


class _Weights(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers of which none is negative or infinite."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise ValueError(
                    f"{type(self).__name__}.{name} is {value}; it must be 0 or a number above it"
                )


class ImpactMultipliers(_Weights, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for each of what is counted.

    Attributes:
        downstream_weight: A step that depends on the bottleneck, directly or not.
        blocked_weight: One of those that waits for a dependency.
        path_length_weight: A step on a path.
        completed_penalty: A step on a path that is done; taken off its score.
        blocked_penalty: A step on a path that waits for a dependency.
        error_penalty: A failed step on a path.
        retry_penalty: A failed step on a path that has been tried.
    """

    downstream_weight: float = 5.0
    blocked_weight: float = 15.0
    path_length_weight: float = 10.0
    completed_penalty: float = 15.0
    blocked_penalty: float = 25.0
    error_penalty: float = 30.0
    retry_penalty: float = 10.0


class SeverityMultipliers(_Weights, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the points of a bottleneck are multiplied by; 1 for a step that is none of these.

    Attributes:
        error_state: A failed step.
        exhausted_retry_bonus: Added to it when the retry limit is reached.
        dependency_issue: A pending step that waits for a dependency.
    """

    error_state: float = 2.0
    exhausted_retry_bonus: float = 0.5
    dependency_issue: float = 1.2


class PenaltyConstants(_Weights, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points that are added after multiplying.

    Attributes:
        retry_instability: For each attempt.
        non_retryable: Once, for a step that will get no further attempt.
        exhausted_retry: Once, for a step whose retry limit is reached.
    """

    retry_instability: float = 3.0
    non_retryable: float = 10.0
    exhausted_retry: float = 20.0


class SeverityThresholds(_Weights, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The points from which on a bottleneck is called so; below all, it is Low."""

    critical: float = 100.0
    high: float = 50.0
    medium: float = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.critical >= self.high >= self.medium:
            raise ValueError(
                f"SeverityThresholds are critical {self.critical:g}, high {self.high:g}, medium "
                f"{self.medium:g}; none may be above the one before it"
            )

    def severity(self, score: float) -> Severity:
        """Return what so many points are called."""
        if score >= self.critical:
            return Severity.CRITICAL
        if score >= self.high:
            return Severity.HIGH
        return Severity.MEDIUM if score >= self.medium else Severity.LOW


class DurationEstimates(_Weights, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds that a path is taken to need, where nothing was measured.

    Attributes:
        base_step_seconds: For each step.
        error_penalty_seconds: More for a failed one.
        retry_penalty_seconds: More for each attempt.
    """

    base_step_seconds: float = 30.0
    error_penalty_seconds: float = 60.0
    retry_penalty_seconds: float = 30.0


class AnalysisConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All weights of the analysis. `ValueError` names one that is out of range."""

    impact_multipliers: ImpactMultipliers = ImpactMultipliers()
    severity_multipliers: SeverityMultipliers = SeverityMultipliers()
    penalty_constants: PenaltyConstants = PenaltyConstants()
    severity_thresholds: SeverityThresholds = SeverityThresholds()
    duration_estimates: DurationEstimates = DurationEstimates()


DEFAULTS = AnalysisConfig()
