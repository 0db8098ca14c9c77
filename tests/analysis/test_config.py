"""The weights: the guide's defaults, and what is refused."""

import math

import msgspec
import pytest

from tasker.analysis import AnalysisConfig, Severity, SeverityThresholds
from tasker.analysis.config import ImpactMultipliers


def test_the_defaults_are_those_of_the_guide():
    assert msgspec.to_builtins(AnalysisConfig()) == {
        "impact_multipliers": {
            "downstream_weight": 5,
            "blocked_weight": 15,
            "path_length_weight": 10,
            "completed_penalty": 15,
            "blocked_penalty": 25,
            "error_penalty": 30,
            "retry_penalty": 10,
        },
        "severity_multipliers": {
            "error_state": 2.0,
            "exhausted_retry_bonus": 0.5,
            "dependency_issue": 1.2,
        },
        "penalty_constants": {"retry_instability": 3, "non_retryable": 10, "exhausted_retry": 20},
        "severity_thresholds": {"critical": 100, "high": 50, "medium": 20},
        "duration_estimates": {
            "base_step_seconds": 30,
            "error_penalty_seconds": 60,
            "retry_penalty_seconds": 30,
        },
    }


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        (150, Severity.CRITICAL),
        (75, Severity.HIGH),
        (35, Severity.MEDIUM),
        (10, Severity.LOW),
        (100, Severity.CRITICAL),
        (99, Severity.HIGH),
        (50, Severity.HIGH),
        (20, Severity.MEDIUM),
        (19, Severity.LOW),
    ],
)
def test_severities_as_in_the_guides_examples(score, severity):
    assert SeverityThresholds().severity(score) is severity


@pytest.mark.parametrize("value", [-1.0, math.inf, math.nan])
def test_a_weight_that_is_no_weight_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"ImpactMultipliers\.blocked_weight is"):
        ImpactMultipliers(blocked_weight=value)


def test_thresholds_stand_in_order():
    with pytest.raises(ValueError, match="high 200"):
        SeverityThresholds(high=200)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"impact_multiplier": {}}, "impact_multiplier"),
        ({"duration_estimates": {"base_step_second": 1}}, "base_step_second"),
        ({"penalty_constants": {"non_retryable": "much"}}, "penalty_constants.non_retryable"),
        ({"penalty_constants": {"non_retryable": -1}}, "non_retryable is -1"),
    ],
)
def test_a_mistyped_configuration_is_refused(given, told):
    with pytest.raises(msgspec.ValidationError, match=told):
        msgspec.convert(given, AnalysisConfig)
