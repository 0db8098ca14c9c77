"""Every formula of the guide against its worked examples."""

import pytest

from tasker.actors.workflow.messages import Cancel, CancelStep, ResolveTask
from tasker.analysis import AnalysisConfig, Severity
from tasker.analysis.bottlenecks import find_bottlenecks
from tasker.analysis.config import ImpactMultipliers, PenaltyConstants, SeverityMultipliers
from tasker.analysis.critical_paths import find_critical_paths
from tasker.analysis.error_chains import find_error_chains
from tasker.analysis.parallelism import find_parallelism
from tasker.analysis.scores import impact_score, severity_multiplier
from tests.analysis.graphs import facts, live


def exhausted(**steps):
    """A linear task whose first step has failed three times."""
    task = live(**steps)
    for _ in range(3):
        task.run_badly("a")
        task.now += 400
        task.begin()
    return task


def path_of(task):
    found = facts(task)
    [path] = find_critical_paths(found, [None] * len(found.steps)).paths
    return path


def top(task):
    return find_bottlenecks(facts(task)).bottlenecks[0]


# What a bottleneck is multiplied by


def test_a_normal_step_counts_once():
    assert severity_multiplier(facts(live()).steps[0]) == 1.0


def test_a_failed_step_counts_twice():
    task = live()
    task.run_badly("a")
    assert severity_multiplier(facts(task).steps[0]) == 2.0


def test_a_failed_step_without_retries_left_counts_two_and_a_half_times():
    assert severity_multiplier(facts(exhausted()).steps[0]) == 2.5


def test_a_step_that_waits_for_another_counts_one_and_a_fifth():
    assert severity_multiplier(facts(live()).steps[1]) == 1.2


# What is added


def penalty(step):
    return impact_score(step, downstream=0, blocked=0)


def test_two_attempts_add_six_points():
    task = live()
    task.run_badly("a")
    task.now += 400
    task.begin()
    task.run_badly("a")
    assert penalty(facts(task).steps[0]) == 6


def test_a_failure_that_may_not_be_retried_adds_ten_points():
    task = live(a={"retryable": False})
    task.run_badly("a")
    assert penalty(facts(task).steps[0]) == 3 + 10
    permanent = live()
    permanent.run_badly("a", permanent=True)
    assert penalty(facts(permanent).steps[0]) == 3 + 10


def test_an_exhausted_limit_adds_twenty_points():
    assert penalty(facts(exhausted()).steps[0]) == 3 * 3 + 10 + 20


def test_attempts_that_were_forgiven_do_not_exhaust_the_limit():
    from tasker.actors.workflow.messages import ResetAttempts

    task = exhausted()
    task.tell(ResetAttempts(step="a"))
    assert penalty(facts(task).steps[0]) == 3 * 3


# Whole tasks: linear a, b, c


def test_a_fresh_task():
    task = live()
    path = path_of(task)
    assert path.criticality_score == 83.0  # 30 + 50 + 3
    assert path.estimated_duration == 90.0
    found = find_bottlenecks(facts(task))
    assert [(each.step, each.impact_score, each.severity) for each in found.bottlenecks] == [
        ("b", 24, Severity.MEDIUM),
        ("c", 0, Severity.LOW),
    ]
    assert found.bottlenecks[0].bottleneck_type == "Dependency Block"
    assert found.overall_impact == "Low"
    assert find_error_chains(facts(task)).error_chains == ()


def test_a_task_whose_first_step_failed_once():
    task = live()
    task.run_badly("a")
    assert path_of(task).criticality_score == 166.0
    [chain] = find_error_chains(facts(task)).error_chains
    assert (chain.error_step, chain.total_impact) == ("a", 43)
    assert chain.downstream_steps == ("b", "c")
    found = find_bottlenecks(facts(task))
    [bottleneck] = found.bottlenecks
    assert (bottleneck.step, bottleneck.impact_score) == ("a", 83)
    assert (bottleneck.severity, bottleneck.bottleneck_type) == (Severity.HIGH, "Active Error")
    assert found.overall_impact == "Medium"


def test_a_task_whose_first_step_is_exhausted():
    task = exhausted()
    assert path_of(task).criticality_score == 168.0
    [chain] = find_error_chains(facts(task)).error_chains
    assert chain.total_impact == 69
    assert [each.strategy for each in chain.recovery_strategies] == [
        "Manual Resolution",
        "Increase Retry Limit",
    ]
    found = find_bottlenecks(facts(task))
    [bottleneck] = found.bottlenecks
    assert (bottleneck.impact_score, bottleneck.severity) == (139, Severity.CRITICAL)
    assert bottleneck.bottleneck_type == "Permanent Failure"
    assert bottleneck.estimated_resolution_time == "Immediate action needed"
    assert found.overall_impact == "High"


def test_a_task_whose_first_step_is_complete():
    task = live()
    task.run("a")
    assert path_of(task).criticality_score == pytest.approx(39.60, abs=0.01)
    found = find_bottlenecks(facts(task))
    assert [(each.step, each.impact_score) for each in found.bottlenecks] == [("c", 0)]


def test_a_task_that_is_complete():
    task = live()
    for step in "abc":
        task.run(step)
    assert path_of(task).criticality_score == 0
    assert find_bottlenecks(facts(task)).total_bottlenecks == 0
    assert find_bottlenecks(facts(task)).overall_impact == "None"


# What the guide left open


def test_a_complete_step_holds_up_nothing_however_many_attempts_it_took():
    task = live(a={"retry_limit": 1})
    task.run("a")
    assert "a" not in [each.step for each in find_bottlenecks(facts(task)).bottlenecks]


def test_a_permanent_error_is_a_permanent_failure_at_its_first_attempt():
    task = live()
    task.run_badly("a", permanent=True)
    assert top(task).bottleneck_type == "Permanent Failure"
    [chain] = find_error_chains(facts(task)).error_chains
    assert chain.recovery_strategies[0].strategy == "Investigate Root Cause"
    assert not chain.retry_analysis.exhausted
    assert not chain.retry_analysis.retryable


def test_a_step_in_backoff_is_waited_for():
    task = live()
    task.run_badly("a", retry_after=90.0)
    assert top(task).resolution_strategy == "Wait for backoff period"
    assert top(task).estimated_resolution_time == "2 minutes"
    [chain] = find_error_chains(facts(task)).error_chains
    assert chain.recovery_strategies[0].strategy == "Wait for Backoff"
    assert chain.retry_analysis.in_backoff
    task.now += 90
    assert top(task).estimated_resolution_time == "Within next retry cycle"
    [chain] = find_error_chains(facts(task)).error_chains
    assert chain.recovery_strategies[0].strategy == "Monitor Retries"


def test_a_cancelled_step_holds_up_those_that_wait_for_it():
    task = live()
    task.tell(CancelStep(step="a"))
    assert (top(task).step, top(task).bottleneck_type) == ("a", "Cancelled")
    assert top(task).resolution_strategy == "Manual intervention required"


@pytest.mark.parametrize("operation", [Cancel(), ResolveTask()])
def test_nothing_holds_up_a_task_that_is_over(operation):
    task = exhausted() if isinstance(operation, ResolveTask) else live()
    task.tell(operation)
    assert find_bottlenecks(facts(task)).total_bottlenecks == 0
    assert find_error_chains(facts(task)).total_error_steps == 0
    assert path_of(task).bottlenecks == ()


FAN = {"root": (), **{f"s{i}": ("root",) for i in range(6)}, "last": [f"s{i}" for i in range(6)]}


@pytest.mark.parametrize(("failing", "impact"), [(("s0",), "Medium"), (("s0", "s1", "s2"), "High")])
def test_the_impact_on_the_task_goes_by_how_many_are_how_bad(failing, impact):
    task = live(FAN)
    task.run("root")
    for name in failing:
        task.run_badly(name, permanent=True)
    found = find_bottlenecks(facts(task))
    assert {each.severity for each in found.bottlenecks} == {Severity.HIGH}  # (5 + 15) * 2 + 13
    assert found.overall_impact == impact


def test_more_than_half_of_the_steps_failed():
    task = live({"a": (), "b": (), "c": ()})
    task.run_badly("a", permanent=True)
    assert find_bottlenecks(facts(task)).overall_impact == "Low"
    task.run_badly("b", permanent=True)
    assert find_bottlenecks(facts(task)).overall_impact == "Severe"
    assert find_bottlenecks(facts(task)).failed_steps_ratio == 66.7


def test_steps_behind_several_errors_count_once():
    task = live({"a": (), "b": (), "c": ("a", "b"), "d": ("c",), "e": ("a",)})
    task.run_badly("a", permanent=True)
    task.run_badly("b", permanent=True)
    found = find_error_chains(facts(task))
    assert found.total_blocked_by_errors == 3
    assert [chain.blocked_downstream_steps for chain in found.error_chains] == [3, 2]
    assert found.error_percentage == 40.0


def test_the_advice_goes_to_the_error_of_the_greatest_impact():
    task = live({"a": (), "b": (), "c": ("b",)})
    task.run_badly("a", permanent=True)
    task.run_badly("b", permanent=True)
    found = find_error_chains(facts(task))
    assert found.most_critical_error == "b"
    assert [each.step for each in found.recovery_priority] == ["b", "a"]
    assert found.recovery_priority[0].reason == "Blocking 1 downstream step"
    assert found.recovery_priority[0].priority_level is Severity.MEDIUM


def test_every_weight_counts():
    task = exhausted()
    step = facts(task).steps[0]
    config = AnalysisConfig(
        impact_multipliers=ImpactMultipliers(downstream_weight=1, blocked_weight=2),
        severity_multipliers=SeverityMultipliers(error_state=3, exhausted_retry_bonus=1),
        penalty_constants=PenaltyConstants(
            retry_instability=100, non_retryable=1_000, exhausted_retry=10_000
        ),
    )
    assert impact_score(step, downstream=2, blocked=2, config=config) == 24 + 300 + 11_000


def test_levels_and_what_is_ready_on_them():
    task = live({"a": (), "b": (), "c": (), "d": ("a", "b")})
    found = find_parallelism(facts(task))
    first, second = found.levels
    assert (first.parallelism_potential, first.bottleneck_risk) == ("High", "Low")
    assert (second.parallelism_potential, second.bottleneck_risk) == ("Low", "High")
    assert found.parallelism_efficiency == 50.0
    assert found.max_parallel_steps == found.widest_parallel_steps == 3
    assert found.current_parallel_opportunities == 3
    task.start("a", "b")
    assert find_parallelism(facts(task)).levels[0].parallelism_potential == "Medium"
    assert find_parallelism(facts(task)).levels[0].running_steps == 2


def test_why_steps_of_a_path_stand_still():
    task = exhausted()
    assert [
        (each.step, each.reason, each.severity, each.impact) for each in path_of(task).bottlenecks
    ] == [
        ("a", "Exhausted retries", 10 + 15 + 20, "Blocks 2 downstream steps"),
        ("b", "Dependencies not satisfied", 5, "Blocks 1 downstream step"),
        ("c", "Dependencies not satisfied", 5, "Blocks 0 downstream steps"),
    ]
