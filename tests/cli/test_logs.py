"""What commands log, and what joins tasks."""

import json

import pytest

from tests.cli.command import process

HANDLERS = """\
import logging

logger = logging.getLogger("shop")
{set_up}

class Noisy:
    def process(self, task, sequence, step):
        logger.info("counting")
        logger.warning("odd, password=%s", "pw-4711")
        if task.context.get("fail"):
            raise ValueError("no")
"""
DEFINITION = """\
name: noisy
step_templates:
  - {name: a, handler_class: noisy_steps:Noisy, default_retry_limit: 1}
"""


@pytest.fixture(autouse=True)
def _real_world(blocking_call_detector):
    blocking_call_detector.deactivate()


def run_noisy(folder, *options, set_up="", context="{}"):
    (folder / "noisy_steps.py").write_text(HANDLERS.format(set_up=set_up))
    (folder / "noisy.yaml").write_text(DEFINITION)
    return process("run", "noisy.yaml", "-c", context, *options, cwd=folder)


def test_what_an_application_logs_is_on_stderr_and_says_whose_it_is(folder):
    said = run_noisy(folder, "--correlation-id", "req-7", "--json")
    task_id = said.json["task_id"]
    (line,) = [json.loads(each) for each in said.err.splitlines()]
    assert (line["event"], line["level"], line["logger"]) == (
        "odd, password=[FILTERED]",
        "warning",
        "shop",
    )
    assert (line["task_id"], line["step"], line["correlation_id"]) == (task_id, "a", "req-7")


def test_logs_that_are_asked_for_tell_what_becomes_of_steps_too(folder):
    said = run_noisy(
        folder, "--log-level", "info", "--log-format", "json", context='{"fail": true}'
    )
    events = [json.loads(each)["event"] for each in said.err.splitlines()]
    assert events == [
        "counting",
        "odd, password=[FILTERED]",
        "step a failed in attempt 1, no retry: ValueError: no",
        "task default.noisy failed: in step a",
    ]
    assert said.code == 1


def test_lines_for_people(folder):
    said = run_noisy(folder, "--log-format", "console")
    assert "counting" in said.err
    assert "step=a" in said.err
    assert not said.err.startswith("{")


def test_what_an_application_has_set_up_stays_unless_asked(folder):
    set_up = 'logging.basicConfig(format="own: %(message)s")'
    said = run_noisy(folder, set_up=set_up)
    assert said.err.splitlines() == ["own: odd, password=pw-4711"]
    asked = run_noisy(folder, "--log-level", "warning", set_up=set_up)
    assert len(asked.err.splitlines()) == 2


def test_a_worker_hides_secrets_in_what_the_engine_warns_of(capsys):
    import logging

    from tasker.cli.logs import engine_logs
    from tasker.cli.settings import Settings

    with engine_logs(Settings()):
        logging.getLogger("tasker").warning("failed: token=%s", "abc")
        logging.getLogger("tasker.tasks").warning("told otherwise")
    assert capsys.readouterr().err == "warning: failed: token=[FILTERED]\n"


def test_a_correlation_id_is_kept_shown_and_listed(tasker):
    submitted = tasker("submit", "checkout.yaml", "-c", '{"order": 7}', "--correlation-id", "req-7")
    assert tasker("show", "last", "--json").json["correlation_id"] == "req-7"
    assert "corr. id  req-7" in tasker("show", "last").out
    (listed,) = tasker("list", "--json").json["tasks"]
    assert (listed["task_id"], listed["correlation_id"]) == (submitted.out.strip(), "req-7")
    tasker("submit", "checkout.yaml", "-c", '{"order": 8}')
    assert "corr. id" not in tasker("show", "last").out


def test_a_correlation_id_that_cannot_be_is_refused(tasker):
    said = tasker("submit", "checkout.yaml", "-c", '{"order": 7}', "--correlation-id", "a b")
    assert said.code == 2
    assert "correlation_id of a task request must be 1 to 128 visible ASCII" in said.err
    assert tasker("list", "--json").error["type"] == "StoreMissingError"
