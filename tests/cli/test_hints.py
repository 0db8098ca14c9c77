"""Tasks that wait in a store that nobody works: who looks at them is told."""

import json

import pytest

from tests.cli.command import read_until, running

ORDER = '{"order": 7}'
UNWORKED = "nobody works this store; go on with: tasker worker"


@pytest.fixture
def waiting(tasker):
    return tasker("submit", "checkout.yaml", "-c", ORDER).out.strip()


def test_list_says_that_nobody_works(tasker, waiting):
    assert tasker("list").err == f"{UNWORKED}\n"
    assert tasker("list", "--count").err == f"{UNWORKED}\n"
    assert tasker("list", "--json").json["worker"] is None
    assert tasker("list", "--json").err == ""


def test_list_says_so_of_tasks_that_are_not_on_the_page(tasker, waiting):
    tasker("run", "checkout.yaml", "-c", ORDER)
    assert tasker("list", "--state", "complete").err == f"{UNWORKED}\n"


def test_show_says_how_to_go_on_with_the_task(tasker, waiting):
    said = tasker("show", waiting)
    assert said.err == f"{UNWORKED}, or this task alone: tasker run --continue {waiting}\n"
    assert tasker("show", waiting, "--json").json["worker"] is None


def test_the_commands_of_the_hint_name_the_store(tasker):
    store = ("--store", "sqlite:///other one.db")
    task_id = tasker("submit", "checkout.yaml", "-c", ORDER, *store).out.strip()
    err = tasker("show", *store).err
    assert "tasker worker --store 'sqlite:///other one.db'," in err
    assert err.endswith(f"--continue {task_id} --store 'sqlite:///other one.db'\n")


@pytest.mark.parametrize("operation", ["cancel", "pause"])
def test_nothing_is_said_where_no_worker_would_help(tasker, waiting, operation):
    tasker(operation, waiting)
    assert tasker("list").err == ""
    assert tasker("show", waiting).err == ""


def test_nothing_is_said_of_a_store_that_is_worked(tasker, folder, waiting, blocking_call_detector):
    blocking_call_detector.deactivate()
    with running("run", "checkout.yaml", "-c", '{"order": 7, "gate": "gate"}', cwd=folder) as run:
        read_until(run, "validating")
        said = tasker("show", waiting, "--json")
        assert said.json["worker"]["pid"] == run.pid
        assert said.json["worker"]["started_at"].endswith("Z")
        assert set(said.json["worker"]) == {"host", "pid", "started_at"}
        assert tasker("show", waiting).err == ""
        assert tasker("list").err == ""
        assert json.loads(tasker("list", "--json").out)["worker"]["pid"] == run.pid
