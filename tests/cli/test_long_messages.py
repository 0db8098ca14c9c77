"""An error that goes on and on is cut, and told whole where that is asked for."""

import pytest

LONG = '{"order": 7, "complaint": 2500}'
WHOLE = 1500


@pytest.fixture
def said(tasker):
    return tasker("run", "checkout.yaml", "-c", LONG)


def longest(text):
    return max(map(len, text.splitlines()))


def test_run_cuts_it_and_says_where_it_is_whole(tasker, said):
    task_id = tasker("show", "--json").json["task_id"]
    assert said.code == 1
    assert longest(said.out) < 400
    assert said.out.count("blahbla…") == 2
    assert f"in full: tasker show {task_id} --step charge" in said.out


def test_show_cuts_it_in_the_table_the_errors_and_the_history(tasker, said):
    out = tasker("show", "--history").out
    assert longest(out) < 400
    assert out.count("blahbla…") == 3


@pytest.mark.parametrize("arguments", [("--verbose",), ("--step", "charge")])
def test_it_is_whole_where_that_is_asked_for(tasker, said, arguments):
    assert longest(tasker("show", *arguments).out) > WHOLE


def test_the_history_is_whole_with_verbose(tasker, said):
    out = tasker("show", "--history", "--verbose").out
    [line] = [line for line in out.splitlines() if "error, attempt 1" in line]
    assert len(line) > WHOLE


def test_a_short_one_is_not_said_to_be_longer(tasker):
    said = tasker("run", "checkout.yaml", "-c", '{"order": 7, "declined": true}')
    assert "in full" not in said.out
