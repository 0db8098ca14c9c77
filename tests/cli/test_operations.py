"""Operations on a store that nobody works: done by the command itself."""

import pytest


@pytest.fixture
def tasker(anywhere):
    return anywhere


@pytest.fixture
def waiting(tasker):
    """A task that was submitted and not begun."""
    return tasker("submit", "checkout.yaml", "-c", '{"order": 7}', "--json").json["task_id"]


@pytest.fixture
def failed(tasker):
    """A task whose step `charge` failed for good."""
    context = '{"order": 7, "declined": true}'
    return tasker("run", "checkout.yaml", "-c", context, "--json").json["task_id"]


def step_of(tasker, task_id, name):
    return tasker("show", task_id, "--step", name, "--json").json


def test_submit_says_that_nobody_works(tasker):
    said = tasker("submit", "checkout.yaml", "-c", '{"order": 7}')
    assert len(said.out.strip()) == 36
    assert ("nobody works this store" in said.err) is not tasker.served


def test_pause_resume_cancel(tasker, waiting):
    assert tasker("pause", waiting, "--json").json == {"task_id": waiting, "state": "paused"}
    assert tasker("resume", waiting).out == f"task {waiting} is in progress\n"
    assert tasker("cancel", "last", "--reason", "twice", "--by", "ann").code == 0
    history = tasker("show", waiting, "--history", "--json").json["history"]
    # A server goes by who somebody is, not by what they say.
    by = "anonymous" if tasker.served else "ann"
    assert {"by": by, "reason": "twice"}.items() <= history[-1]["detail"].items()


def test_what_is_not_legal(tasker, waiting):
    tasker("cancel", waiting)
    said = tasker("resume", waiting)
    assert said.code == 1
    assert said.err == (
        f"error: cannot resume task {waiting} while it is 'cancelled'; that is legal in: paused\n"
    )
    assert tasker("resume", waiting, "--json").error["legal"] == ["paused"]


def test_retry_a_step(tasker, failed):
    said = tasker("retry", failed, "--step", "charge")
    assert said.out == f"step charge is tried again; task {failed} is in progress\n"
    assert ("nobody works this store" in said.err) is not tasker.served
    assert tasker("run", "--continue", failed, "--json").code == 1
    assert step_of(tasker, failed, "charge")["attempts"] == 2


def test_resolve_a_step_and_go_on(tasker, failed):
    said = tasker("resolve", failed, "--step", "charge", "--results", '{"receipt": "hand"}')
    assert said.code == 0
    done = tasker("run", "--continue", failed, "--json")
    assert (done.code, done.json["state"]) == (0, "complete")
    assert done.json["steps"][2]["results"] == {"receipt": "hand"}


def test_resolve_a_task(tasker, failed):
    assert tasker("resolve", failed, "--results", "1").code == 2
    assert tasker("resolve", failed).out == f"task {failed} is resolved manually\n"


def test_cancel_a_step(tasker, waiting):
    assert tasker("cancel", waiting, "--step", "ship").code == 0
    assert step_of(tasker, waiting, "ship")["state"] == "cancelled"
    assert tasker("cancel", waiting, "--step", "pay").code == 1


def test_update_and_reset(tasker, failed):
    assert tasker("update", failed, "--step", "charge", "--retry-limit", "9").code == 0
    assert tasker("update", failed, "--step", "charge", "--inputs", '{"card": 2}').code == 0
    charge = step_of(tasker, failed, "charge")
    assert (charge["retry_limit"], charge["inputs"]) == (9, {"card": 2})
    assert tasker("reset", failed, "--step", "charge").code == 0
    assert tasker("update", failed, "--step", "charge").code == 2


def test_annotate(tasker, failed):
    assert tasker("annotate", failed, "ticket", '{"number": 4711}').code == 0
    assert tasker("show", failed, "--json").json["annotations"][0]["annotation"] == {"number": 4711}
    assert '{"number":4711}' in tasker("show", failed).out
    found = tasker("list", "--annotation", "ticket", "number", "4711", "--json")
    assert [task["task_id"] for task in found.json["tasks"]] == [failed]


@pytest.mark.parametrize(
    "arguments",
    [
        ("annotate", "last", "ticket"),
        ("update", "last", "--step", "charge", "--inputs"),
        ("resolve", "last", "--step", "charge", "--results"),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_name(tasker, failed, arguments):
    said = tasker(*arguments, '{"number": 1, "number": 2}')
    assert said.code == 2
    assert "the key 'number' stands twice (as given)" in said.err


def test_a_task_whose_handlers_are_not_here(tasker, folder):
    (folder / "gone_steps.py").write_text("class Here:\n    def process(self, *_): ...\n")
    (folder / "gone.yaml").write_text(
        "name: gone\nstep_templates:\n  - {name: a, handler_class: gone_steps:Here}\n"
    )
    from tests.cli.command import process

    task_id = process("submit", "gone.yaml", "--json", cwd=folder).json["task_id"]
    (folder / "gone_steps.py").unlink()
    assert tasker("pause", task_id).code == 0
    assert tasker("cancel", task_id).out == f"task {task_id} is cancelled\n"
