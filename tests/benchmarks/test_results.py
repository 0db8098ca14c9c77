"""From samples to results."""

import pytest

from benchmarks.case import Case, Contender, Ratio, Sample, Settings
from benchmarks.results import case_result, ratio_result

SAMPLES = {
    "a": {0: Sample(metrics={"rate": 10.0}), 1: Sample(metrics={"rate": 40.0})},
    "b": {0: Sample(metrics={"rate": 5.0}), 1: Sample(metrics={"rate": 10.0})},
    "late": {1: Sample(metrics={"rate": 4.0})},
    "nothing": {},
    "zero": {0: Sample(metrics={"rate": 0.0})},
}


def ratio(of, to, **aims):
    return Ratio(
        name="r", of=(of, "rate"), to=to if isinstance(to, float) else (to, "rate"), **aims
    )


def test_a_ratio_is_taken_repeat_by_repeat():
    found = ratio_result(ratio("a", "b"), SAMPLES)
    assert found is not None
    assert found.value.samples == (2.0, 4.0)
    assert found.holds is None


def test_a_ratio_takes_only_the_repeats_that_both_have():
    found = ratio_result(ratio("a", "late"), SAMPLES)
    assert found is not None
    assert found.value.samples == (10.0,)


def test_a_ratio_to_a_number():
    found = ratio_result(ratio("a", 20.0), SAMPLES)
    assert found is not None
    assert found.value.samples == (0.5, 2.0)


@pytest.mark.parametrize("to", ["nothing", "zero", "unknown"])
def test_a_ratio_to_nothing_is_none(to):
    assert ratio_result(ratio("a", to), SAMPLES) is None


@pytest.mark.parametrize(
    ("aims", "holds"),
    [
        ({"at_least": 3.0}, True),
        ({"at_least": 3.1}, False),
        ({"at_most": 3.0}, True),
        ({"at_most": 2.9}, False),
        ({"at_least": 1.0, "at_most": 5.0}, True),
    ],
)
def test_the_median_decides_whether_it_holds(aims, holds):
    found = ratio_result(ratio("a", "b", **aims), SAMPLES)
    assert found is not None
    assert found.holds is holds


def test_who_failed_is_told_and_has_no_metrics():
    contenders = [Contender(name="a"), Contender(name="nothing")]
    case = Case(
        question="How?",
        contenders=lambda settings: contenders,
        ratios=lambda settings: [ratio("a", "nothing"), ratio("a", 1.0)],
    )
    result = case_result(
        "case",
        case,
        Settings(),
        contenders=contenders,
        samples=SAMPLES,
        failures={"nothing": "it fell over"},
        seconds=1.0,
    )
    one, other = result.contenders
    assert (one.failed, one.metrics["rate"].median) == (None, 25.0)
    assert (other.failed, other.metrics) == ("it fell over", {})
    assert len(result.ratios) == 1
