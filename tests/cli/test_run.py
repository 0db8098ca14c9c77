"""`tasker run`: to the end, and the exit code says how."""

import json

import pytest

CONTEXT = '{"order": 7}'


def test_a_complete_task(tasker):
    said = tasker("run", "checkout.yaml", "--context", '{"order": 7, "busy": 1}')
    assert said.code == 0
    assert said.err == ""
    told = [" ".join(line.split()[1:]) for line in said.out.splitlines()]
    assert told[0].endswith("shop.checkout@1.2.0") or told[1].endswith("shop.checkout@1.2.0")
    assert "validate started" in told
    assert "charge error, attempt 1 of 3: RetryableError: the bank is busy; retry in 50ms" in told
    assert "charge started, attempt 2" in told
    assert "task complete" in told
    assert "shop.checkout@1.2.0 complete 4/4 steps" in said.out.replace("  ", " ")
    assert '{"receipt":"A-17"}' in said.out
    assert "\x1b" not in said.out


def test_a_failed_task(tasker):
    said = tasker("run", "checkout.yaml", "-c", '{"order": 7, "declined": true}')
    assert said.code == 1
    assert "charge  PermanentError: declined" in said.out
    assert "no retry" in said.out


def test_what_handlers_write_cannot_forge_lines_or_move_the_cursor(tasker):
    said = tasker("run", "checkout.yaml", "-c", '{"order": 7, "declined": true}')
    assert "\x1b" not in said.out
    assert "\\x1b[2J" in said.out
    assert not any(line.startswith("error:") for line in said.out.splitlines())


def test_json_is_alone_on_the_output(tasker):
    said = tasker("run", "checkout.yaml", "-c", CONTEXT, "--json", "--tag", "a", "--tag", "b")
    assert said.code == 0
    assert said.json["state"] == "complete"
    assert said.json["tags"] == ["a", "b"]
    assert said.json["source_system"] == "cli"
    assert [step["name"] for step in said.json["steps"]] == [
        "validate",
        "reserve",
        "charge",
        "ship",
    ]
    assert said.err == "validating\n"


def test_the_context_from_a_file_and_from_the_input(tasker, folder, monkeypatch):
    (folder / "order.json").write_text('{"order": 8}')
    assert tasker("run", "checkout.yaml", "-c", "@order.json", "--json").json["context"] == {
        "order": 8
    }
    (folder / "in.json").write_text('{"order": 9}')
    with (folder / "in.json").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        said = tasker("run", "checkout.yaml", "-c", "-", "--json")
    assert said.json["context"] == {"order": 9}


def test_a_name_from_a_folder_and_from_an_application(tasker):
    said = tasker("run", "checkout", "--definitions", ".", "-c", CONTEXT, "--json")
    assert (said.json["namespace"], said.json["state"]) == ("shop", "complete")
    said = tasker("run", "shop.report", "--app", "tests.cli.shop:report", "--json")
    assert said.json["steps"][1]["results"] == 6


def test_a_store_in_memory(tasker, folder):
    assert tasker("run", "checkout.yaml", "-c", CONTEXT, "--store", "memory://").code == 0
    assert not (folder / "tasker.db").exists()


def test_the_store_by_variable_and_by_option_before_the_command(tasker, folder, monkeypatch):
    monkeypatch.setenv("TASKER_STORE", "sqlite:///a.db")
    tasker("run", "checkout.yaml", "-c", CONTEXT)
    assert (folder / "a.db").exists()
    assert tasker("-s", "sqlite:///b.db", "run", "checkout.yaml", "-c", CONTEXT).code == 0
    assert (folder / "b.db").exists()


def test_a_skippable_step_is_bypassed(tasker):
    said = tasker("run", "checkout.yaml", "-c", CONTEXT, "--bypass", "ship", "--json")
    assert said.json["steps"][3]["state"] == "resolved_manually"


def test_other_tasks_of_the_store_are_left_alone(tasker):
    waiting = tasker("submit", "checkout.yaml", "-c", CONTEXT).out.strip()
    tasker("run", "checkout.yaml", "-c", CONTEXT)
    assert tasker("show", waiting, "--json").json["state"] == "pending"
    assert tasker("run", "--continue", waiting).code == 0
    assert tasker("show", waiting, "--json").json["state"] == "complete"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["checkout.yaml", "-c", "{"], "not JSON: Expecting property name"),
        (["checkout.yaml", "-c", '{"order": 1, "order": 2}'], "the key 'order' stands twice"),
        (["checkout.yaml", "-c", '{"order": 1, "a": [{"b": 1, "b": 1}]}'], "the key 'b' stands"),
        (["checkout.yaml", "-c", "[1]"], "it must be a JSON object"),
        (["checkout.yaml", "-c", "@none.json"], "cannot read none.json: No such file"),
        (["checkout.yaml", "-c", '{"ordr": 1}'], '"order" is a required property'),
        (["checkout.yaml", "-c", CONTEXT, "--bypass", "charge"], "not skippable"),
        (["none.yaml"], "there is no such file"),
        (["checkout"], "where is the definition 'checkout'?"),
        (["chekout", "-d", "."], "no definition default.chekout"),
        (["checkout", "--app", "tests.cli.shop:nothing"], "has no 'nothing'"),
        ([], "give either NAME|FILE or --continue"),
        (["checkout.yaml", "--store", "orders.db"], "it has no scheme"),
    ],
)
def test_what_is_asked_for_wrongly(tasker, arguments, message):
    said = tasker("run", *arguments)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert message in said.err
    assert "Traceback" not in said.err


def test_errors_as_json_carry_their_facts(tasker):
    said = tasker("run", "checkout.yaml", "-c", '{"ordr": 1}', "--json")
    assert said.out == ""
    assert said.error["type"] == "ContextValidationError"
    assert said.error["exit_code"] == 2
    assert said.error["violations"] == [["", '"order" is a required property']]
    said = tasker("run", "checkout.yaml", "-c", "{", "--json")
    assert said.error["type"] == "BadParameter"


def test_a_traceback_when_it_is_asked_for(tasker):
    said = tasker("--traceback", "run", "none.yaml")
    assert "Traceback" in said.err


def test_a_second_task_with_the_same_key(tasker):
    first = tasker("submit", "checkout.yaml", "-c", CONTEXT, "--idempotency-key", "k", "--json")
    said = tasker("submit", "checkout.yaml", "-c", CONTEXT, "--idempotency-key", "k", "--json")
    assert said.code == 1
    assert said.error["task_id"] == first.json["task_id"]
    assert json.loads(said.err)["error"]["type"] == "DuplicateTaskError"
