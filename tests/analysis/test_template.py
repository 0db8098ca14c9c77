"""The analysis of definitions."""

import msgspec
import pytest

from tasker.analysis import AnalysisConfig, DurationEstimates, analyze_definition
from tasker.definitions.definition import Definition, StepDefinition


def definition(graph):
    return Definition(
        name="job",
        steps=tuple(
            StepDefinition(name=name, handler="jobs:run", depends_on=tuple(needed))
            for name, needed in graph.items()
        ),
    )


DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": ["d"], "lone": []}


def test_a_diamond():
    found = analyze_definition(definition(DIAMOND))
    assert found.levels == {"a": 0, "b": 1, "c": 1, "d": 2, "e": 3, "lone": 0}
    assert (found.roots, found.leaves) == (("a", "lone"), ("e", "lone"))
    assert found.topology == ("a", "lone", "b", "c", "d", "e")
    assert found.critical_path.steps == ("a", "b", "d", "e")
    assert msgspec.to_builtins(found.summary) == {
        "total_steps": 6,
        "total_dependencies": 5,
        "has_cycles": False,
        "max_depth": 3,
        "parallel_branches": 2,
        "widest_parallel_steps": 3,
        "total_paths": 3,
        "estimated_seconds": 120.0,
        "speedup": 1.5,
    }
    edges = [(edge["from"], edge["to"], edge["type"]) for edge in msgspec.to_builtins(found.edges)]
    assert edges == [
        ("a", "b", "single"),
        ("a", "c", "single"),
        ("b", "d", "multiple"),
        ("c", "d", "multiple"),
        ("d", "e", "single"),
    ]


def test_durations_that_are_known_decide_the_path():
    found = analyze_definition(
        definition(DIAMOND),
        durations={"c": 100.0},
        config=AnalysisConfig(duration_estimates=DurationEstimates(base_step_seconds=1)),
    )
    assert found.critical_path_by_time.steps == ("a", "c", "d", "e")
    assert found.critical_path_by_time.total == found.summary.estimated_seconds == 103.0


def test_circles_are_found_and_nothing_is_made_up_about_them():
    found = analyze_definition(
        definition({"a": ["b"], "b": ["a"], "c": ["c"], "d": [], "e": ["d", "a"]})
    )
    assert found.cycles == (("a", "b", "a"), ("c", "c"))
    assert found.summary.has_cycles
    assert (found.topology, found.levels) == ((), {})
    assert found.roots == ("d",)


def test_an_unknown_dependency_is_named():
    with pytest.raises(ValueError, match="step 'a' depends on 'x', which is no step"):
        analyze_definition(definition({"a": ["x"]}))


def test_a_definition_without_steps():
    summary = analyze_definition(definition({})).summary
    assert (summary.total_steps, summary.parallel_branches, summary.speedup) == (0, 1, 1.0)
