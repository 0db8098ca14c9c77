"""`tasker audit`: who did what, in a store and by a server."""

import pytest


@pytest.fixture
def tasker(anywhere):
    return anywhere


@pytest.fixture
def who(tasker):
    """Whom the audit names: a server goes by who somebody is, not by what they say."""
    return "anonymous" if tasker.served else "ann"


@pytest.fixture
def tasks(tasker):
    """Two tasks: one was paused and cancelled, one was annotated."""
    ids = [
        tasker("submit", "checkout.yaml", "-c", '{"order": 7}', "--json").json["task_id"]
        for _ in range(2)
    ]
    tasker("pause", ids[0], "--by", "ann")
    tasker("cancel", ids[0], "--by", "ann", "--reason", "asked twice")
    tasker("annotate", ids[1], "note", '{"a": 1}', "--by", "ann")
    return ids


def done(tasker, *options):
    said = tasker("audit", *options, "--json")
    assert said.code == 0, said.err
    return [(each["operation"], each["task_id"]) for each in said.json["actions"]]


def test_actions_are_listed_newest_first(tasker, tasks, who):
    first, second = tasks
    everything = [("annotate", second), ("cancel", first), ("pause", first)]
    assert done(tasker) == everything
    said = tasker("audit")
    assert said.out.splitlines()[0].split() == ["when", "who", "did", "task", "why"]
    assert [line.split()[2] for line in said.out.splitlines()[1:4]] == [who] * 3
    assert "asked twice" in said.out


def test_they_are_chosen_by_who_what_when_and_task(tasker, tasks, who):
    first, second = tasks
    assert done(tasker, "--operation", "cancel") == [("cancel", first)]
    assert done(tasker, "--task", "last") == [("annotate", second)]
    assert done(tasker, "--task", first[-12:], "--operation", "pause") == [("pause", first)]
    assert len(done(tasker, "--by", who, "--since", "1h")) == 3
    assert done(tasker, "--until", "1h") == done(tasker, "--by", "bob") == []
    assert len(done(tasker, "--namespace", "shop")) == 3
    assert done(tasker, "--namespace", "bank") == []
    assert tasker("audit", "--by", "bob").err == "nobody did anything that matches\n"


def test_they_come_by_page(tasker, tasks):
    said = tasker("audit", "--limit", 2, "--json")
    rest = tasker("audit", "--limit", 2, "--cursor", said.json["next_cursor"], "--json")
    assert [len(each.json["actions"]) for each in (said, rest)] == [2, 1]
    assert rest.json["next_cursor"] is None
    assert "--cursor" in tasker("audit", "--limit", 2).err


def test_a_task_that_is_not_there_is_told(tasker, tasks):
    said = tasker("audit", "--task", "ffffffff")
    assert (said.code, "ffffffff" in said.err) == (1, True)
