"""`tasker analyze`."""

import pytest

ORDER = '{"order": 7}'
DECLINED = '{"order": 8, "declined": true}'


@pytest.fixture
def tasker(anywhere):
    return anywhere


def test_a_definition(tasker):
    said = tasker("analyze", "checkout.yaml")
    assert (said.code, said.out) == (
        0,
        "shop.checkout@1.2.0\n"
        "steps     4 steps, 4 dependencies, 2 paths\n"
        "critical  validate → reserve → ship (3 steps)\n"
        "at once   2 steps at most, 2 on one level; 1.33 times as fast as one after another\n"
        "levels\n"
        "  1  validate\n"
        "  2  reserve, charge\n"
        "  3  ship\n",
    )


def test_a_definition_as_json(tasker):
    found = tasker("analyze", "checkout", "-d", ".", "--json").json
    assert found["levels"] == {"validate": 0, "reserve": 1, "charge": 1, "ship": 2}
    assert found["critical_path"] == {"steps": ["validate", "reserve", "ship"], "total": 3}


def test_a_definition_of_a_thousand_steps_stays_readable(tasker, folder):
    steps = "".join(
        f"  - {{name: s{i}, handler_class: 'far:A'"
        + (f", depends_on_step: s{i - 1}" if i else "")
        + "}\n"
        for i in range(100)
    )
    (folder / "long.yaml").write_text(f"name: long\nstep_templates:\n{steps}")
    lines = tasker("analyze", "long.yaml").out.splitlines()
    assert lines[2].endswith("s9 → s10 → (88 more) → s99 (100 steps)")


def test_a_failed_task(tasker):
    tasker("run", "checkout.yaml", "-c", DECLINED)
    said = tasker("analyze", "last")
    assert said.code == 0
    assert "health    critical, impact medium\n" in said.out
    assert "  charge  High          53       1  Permanent Failure  Manual inter" in said.out
    assert "  charge failed, and holds up 1 step: " in said.out


def test_a_task_as_json(tasker):
    tasker("run", "checkout.yaml", "-c", DECLINED)
    found = tasker("analyze", "last", "--json").json
    assert set(found) == {
        "task_id",
        "generated_at",
        "task_execution_summary",
        "dependency_graph",
        "critical_paths",
        "parallelism_opportunities",
        "error_chains",
        "bottlenecks",
        "time_spent",
    }
    assert found["error_chains"]["most_critical_error"] == "charge"
    assert found["time_spent"]["running_seconds"] > 0


def test_a_complete_task_has_nothing_to_mend(tasker):
    tasker("run", "checkout.yaml", "-c", ORDER)
    out = tasker("analyze", "last").out
    assert "health    healthy, impact none\n" in out
    assert "bottlenecks" not in out
    assert "advice" not in out


def test_weights(tasker, folder):
    tasker("run", "checkout.yaml", "-c", DECLINED)
    (folder / "weights.json").write_text('{"severity_thresholds": {"critical": 53}}')
    found = tasker("analyze", "last", "--json", "--weights", "@weights.json").json
    assert [each["severity"] for each in found["bottlenecks"]["bottlenecks"]] == ["Critical"]


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ('{"severity_threshold": {}}', "unknown field `severity_threshold`"),
        ('{"penalty_constants": {"non_retryable": -1}}', "non_retryable is -1"),
        ("[]", "it must be a JSON object"),
    ],
)
def test_weights_that_are_none_are_refused(tasker, weights, told):
    said = tasker("analyze", "checkout.yaml", "--weights", weights)
    assert said.code == 2
    assert told in said.err
