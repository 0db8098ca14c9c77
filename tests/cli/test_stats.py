"""`tasker stats`: figures of what ran, for people and for scripts."""

import pytest

from tests.cli.screen import seen

COMPLETE = ["run", "checkout.yaml", "-c", '{"order": 7, "busy": 1, "pause": 0}', "--json"]
FAILED = ["run", "checkout.yaml", "-c", '{"order": 8, "declined": true}', "--json"]


@pytest.fixture
def tasker(anywhere):
    return anywhere


@pytest.fixture
def tasks(tasker):
    """Three tasks: complete after a retry, failed, and one that waits."""
    return [
        tasker(*COMPLETE).json["task_id"],
        tasker(*FAILED).json["task_id"],
        tasker("submit", "checkout.yaml", "-c", '{"order": 9}', "--tag", "odd", "--json").json[
            "task_id"
        ],
    ]


def test_figures_as_json(tasker, tasks):
    said = tasker("stats", "--json")
    assert said.code == 0, said.err
    told = said.json
    assert told["tasks"]["states"] == {"complete": 1, "error": 1, "pending": 1}
    assert told["tasks"]["completion_rate"] == 0.5
    assert told["steps"]["retries"] == 1
    assert told["steps"]["failed_attempts"] == 2
    assert {task["task_id"] for task in told["slowest_tasks"]} == set(tasks[:2])
    kinds = {each["error_class"].rpartition(".")[2]: each for each in told["errors"]}
    assert kinds["PermanentError"]["permanent"] == 1
    assert kinds["RetryableError"]["latest_task_id"] == tasks[0]
    assert {each["step"] for each in told["by_step"]} == {"validate", "reserve", "charge", "ship"}
    assert told["blocking"]["blocking"]


def test_figures_for_people(tasker, tasks):
    said = tasker("stats")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].startswith("period    ")
    assert "tasks     3 created: 1 complete, 1 error, 1 pending" in lines
    assert "          1 were retried, 1 came good" in lines
    for title in ("steps by time taken", "slowest tasks", "slowest steps", "errors"):
        assert title in lines
    assert any("PermanentError" in line and tasks[1] in line for line in lines)
    assert all(line == line.rstrip() for line in lines)


def test_filters(tasker, tasks):
    def created(*options):
        return tasker("stats", *options, "--json").json["tasks"]["created"]

    assert created("--namespace", "shop", "--name", "checkout", "--version", "1.2.0") == 3
    assert created("--name", "other") == 0
    assert created("--tag", "odd") == 1
    assert created("--period", "1h") == created("--since", "1h") == 3
    assert created("--until", "1h") == 0
    assert created("--period", "1h", "--until", "1h") == 0
    assert tasker("stats", "--name", "other").err == "no tasks match\n"


def test_top(tasker, tasks):
    assert len(tasker("stats", "--top", "1", "--json").json["slowest_steps"]) == 1


def test_trend(tasker, tasks):
    told = tasker("stats", "--trend", "--json").json
    assert [window["hours"] for window in told["windows"]] == [1.0, 4.0, 24.0]
    assert [window["created"] for window in told["windows"]] == [3, 3, 3]
    assert (told["active_tasks"], told["health_score"]) == (1, 0.5)
    said = tasker("stats", "--trend")
    assert said.out.startswith("1 task active, 1 namespace, 1 definition in use, health 0.500\n")
    assert "last 1h" in said.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--period", "soon"], "'soon' is no length of time; write 90s, 15m, 24h or 7d"),
        (["--period", "0h"], "'0h' is no length of time"),
        (["--period", "1h", "--since", "2h"], "give one"),
        (["--trend", "--period", "1h"], "--trend has periods of its own"),
        (["--since", "1h", "--until", "2h"], "is empty"),
        (["--top", "0"], "--top"),
    ],
)
def test_what_makes_no_sense_is_refused(tasker, tasks, options, message):
    said = tasker("stats", *options)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_there_is_no_store(tasker):
    assert tasker("stats", "--store", "sqlite:///none.db").code == 1


@pytest.mark.parametrize("width", [140, 100, 80, 60, 40])
def test_tables_fit_the_screen(tasker, tasks, monkeypatch, width):
    lines = seen(monkeypatch, width, "stats")
    tables = lines[lines.index("steps by time taken") :]
    assert max(map(len, tables)) <= width
    slowest = lines[lines.index("slowest tasks") + 2]
    shown = slowest.split()[1]
    assert tasker("show", shown, "--json").json["task_id"] in tasks
