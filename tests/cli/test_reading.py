"""`tasker list`, `show`, `watch` and `graph`, without any definitions at hand."""

import pytest

COMPLETE = ["run", "checkout.yaml", "-c", '{"order": 7}', "--json"]
FAILED = ["run", "checkout.yaml", "-c", '{"order": 8, "declined": true}', "--json"]


@pytest.fixture
def tasker(anywhere):
    return anywhere


@pytest.fixture
def tasks(tasker, folder):
    """Three tasks: complete, failed, and one that waits."""
    ids = [
        tasker(*COMPLETE, "--tag", "day").json["task_id"],
        tasker(*FAILED, "--tag", "day", "--tag", "odd").json["task_id"],
        tasker("submit", "checkout.yaml", "-c", '{"order": 9}', "--json").json["task_id"],
    ]
    (folder / "checkout.yaml").unlink()
    return ids


def ids_of(said):
    assert said.code == 0, said.err
    return [task["task_id"] for task in said.json["tasks"]]


def test_list(tasker, tasks):
    said = tasker("list")
    assert said.out.splitlines()[0].split() == [
        "id", "task", "state", "created", "took", "prio", "tags",
    ]  # fmt: skip
    assert [line.split()[0] for line in said.out.splitlines()[1:]] == tasks[::-1]
    assert all(line == line.rstrip() for line in said.out.splitlines())


def test_list_by_state_tag_and_time(tasker, tasks):
    complete, failed, waiting = tasks
    assert ids_of(tasker("list", "--state", "error", "--json")) == [failed]
    assert ids_of(tasker("list", "--state", "error", "--state", "pending", "--json")) == [
        waiting,
        failed,
    ]
    assert ids_of(tasker("list", "-t", "day", "-t", "odd", "--json")) == [failed]
    assert ids_of(tasker("list", "--since", "1h", "--name", "checkout", "--json")) == tasks[::-1]
    assert ids_of(tasker("list", "--until", "1h", "--json")) == []
    who = tasker("show", failed, "--json").json["initiator"]
    assert ids_of(tasker("list", "--initiator", who, "--json")) == tasks[::-1]
    assert ids_of(tasker("list", "--initiator", f"{who}!", "--json")) == []
    assert tasker("list", "--name", "other").err.startswith("no tasks match\n")
    assert complete not in ids_of(tasker("list", "--state", "pending", "--json"))


def test_list_by_page(tasker, tasks):
    said = tasker("list", "--limit", "2", "--json")
    assert ids_of(said) == tasks[:0:-1]
    rest = tasker("list", "--limit", "2", "--cursor", said.json["next_cursor"], "--json")
    assert ids_of(rest) == tasks[:1]
    assert rest.json["next_cursor"] is None
    assert "--cursor" in tasker("list", "--limit", "2").err


def test_count(tasker, tasks):
    counts = tasker("list", "--count", "--json").json
    assert {state: count for state, count in counts.items() if count} == {
        "pending": 1,
        "complete": 1,
        "error": 1,
    }
    assert "pending" in tasker("list", "--count").out


def test_show(tasker, tasks):
    said = tasker("show", tasks[1])
    assert said.code == 0
    assert "PermanentError: declined" in said.out
    assert "not run" in said.out
    assert "blocked by failures" in said.out
    assert "shop.py" not in said.out
    assert "shop.py" in tasker("show", tasks[1], "--verbose").out


def test_the_execution_status_is_that_of_tasks_that_are_not_done(tasker, tasks):
    complete, failed, waiting = tasks
    assert "status    blocked by failures, blocked" in tasker("show", failed).out
    assert "status    " in tasker("show", waiting).out
    assert "status" not in tasker("show", complete).out
    tasker("cancel", waiting)
    assert "status" not in tasker("show", waiting).out
    tasker("resolve", failed)
    assert "status" not in tasker("show", failed).out


def test_show_as_json(tasker, tasks):
    shown = tasker("show", tasks[1], "--json").json
    assert shown["annotations"] == []
    assert "history" not in shown
    charge = shown["steps"][2]
    assert charge["error"]["error_class"].endswith("PermanentError")
    assert charge["error"]["context"] == {"card": "x"}
    assert shown["status"]["health_status"] == "blocked"
    history = tasker("show", tasks[1], "--history", "--json").json["history"]
    assert [entry["to_state"] for entry in history if entry["step"] is None] == [
        "pending",
        "in_progress",
        "error",
    ]


def test_show_one_step(tasker, tasks):
    assert '{"receipt":"A-17"}' in tasker("show", tasks[0], "--step", "charge").out
    said = tasker("show", tasks[0], "--step", "pay")
    assert said.code == 1
    assert "it has validate, reserve, charge, ship" in said.err


def test_a_task_by_the_end_of_its_id(tasker, tasks):
    for task_id in tasks:
        assert tasker("show", task_id[-12:], "--json").json["task_id"] == task_id
    assert tasker("show", "last", "--json").json["task_id"] == tasks[2]


def test_a_part_that_fits_several_tasks_or_none(tasker, tasks):
    assert tasker("show", tasks[0][:6]).err.startswith(f"error: {tasks[0][:6]!r} fits several")
    assert tasker("show", "abc").code == 2
    assert tasker("show", "zzzzzz").err == (
        "error: no task zzzzzz; list the tasks to find its id\n"
    )
    assert tasker("show", "00000000-0000-0000-0000-000000000000").code == 1


def test_watch_ends_with_the_code_of_the_outcome(tasker, tasks):
    assert tasker("watch", tasks[0]).code == 0
    said = tasker("watch", tasks[1], "--json")
    assert (said.code, said.json["state"]) == (1, "error")


def test_graph_of_a_task(tasker, tasks):
    out = tasker("graph", tasks[1]).out
    assert "← reserve, charge" in out
    assert "not run" in out
    mermaid = tasker("graph", tasks[1], "--format", "mermaid").out
    assert 's2["charge<br/>error"]:::error' in mermaid
    assert "s1 --> s3" in mermaid
    states = [step["state"] for step in tasker("graph", tasks[1], "--json").json["steps"]]
    assert states == ["complete", "complete", "error", "not_run"]


def test_pictures_of_a_task(tasker, tasks):
    timeline = tasker("graph", tasks[1], "-f", "svg").out
    assert "attempt 1 ran" in timeline
    # What the handler wrote moves no cursor and makes no markup.
    assert "PermanentError: declined\\x1b[2J error: forged" in timeline
    page = tasker("graph", tasks[1], "-f", "html").out
    assert page.count("<svg ") == 2


@pytest.mark.parametrize(
    "arguments", [["list"], ["show", "last"], ["cancel", "last"], ["watch", "last"]]
)
def test_looking_makes_no_store(tasker, folder, arguments):
    before = sorted(folder.iterdir())
    said = tasker(*arguments, "--store", "sqlite:///none.db")
    assert said.code == 1
    assert said.err.startswith("error: there is no store sqlite:///none.db;")
    assert sorted(folder.iterdir()) == before


def test_a_store_in_memory_holds_nothing_to_look_at(tasker):
    said = tasker("list", "--store", "memory://")
    assert (said.code, said.out) == (2, "")
    assert "memory:// is seen by one process alone" in said.err


def test_an_empty_store(tasker, folder):
    (folder / "empty.db").touch()
    said = tasker("list", "-s", "sqlite:///empty.db")
    assert (said.code, said.err) == (0, "there are no tasks yet\n")
    assert tasker("show", "-s", "sqlite:///empty.db").err.startswith("error: no task")


def test_a_file_that_is_no_store(tasker):
    said = tasker("list", "-s", "sqlite:///checkout.yaml")
    assert said.code == 1
    assert "it was left untouched" in said.err
