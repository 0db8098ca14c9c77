"""The command on a server that works its store: `--server` and TASKER_SERVER."""

import pytest

from tasker.server.access.tokens import TokenFile
from tests.cli.command import STORE, Here
from tests.cli.shop import report
from tests.client.scripted import URL
from tests.server.serving import served
from tests.server.threaded import served_in_a_thread

ORDER = '{"order": 7}'


@pytest.fixture
def tasker(folder, capsys):
    return Here(capsys)


@pytest.fixture
def url(folder):
    with served_in_a_thread(STORE, definitions=["checkout.yaml", report], work=True) as url:
        yield url


def test_a_task_runs_there_and_is_followed_here(tasker, url):
    said = tasker("run", "shop.checkout", "-c", ORDER, "--server", url)
    assert (said.code, said.err) == (0, "")
    assert "validate" in said.out
    assert '{"receipt":"A-17"}' in said.out
    said = tasker("run", "checkout.yaml", "-c", '{"order": 7, "declined": true}', "--server", url)
    assert said.code == 1
    assert "charge  PermanentError: declined" in said.out
    said = tasker("--server", url, "run", "shop.report", "--json")
    assert said.json["state"] == "complete"


def test_a_task_is_submitted_watched_and_shown(tasker, url, monkeypatch):
    monkeypatch.setenv("TASKER_SERVER", url)
    said = tasker("submit", "shop.report@0.1.0", "--idempotency-key", "k")
    task_id = said.out.strip()
    assert said.err == ""
    again = tasker("submit", "shop.report", "--idempotency-key", "k", "--json")
    assert (again.code, again.error["task_id"]) == (1, task_id)
    assert tasker("watch", "last").code == 0
    shown = tasker("show", task_id, "--json").json
    assert (shown["state"], shown["worker"]) == ("complete", None)
    assert tasker("list").err == ""


def test_the_place_that_is_given_wins(tasker, url, monkeypatch):
    monkeypatch.setenv("TASKER_SERVER", url)
    monkeypatch.setenv("TASKER_STORE", "sqlite:///none.db")
    assert tasker("list").code == 0
    said = tasker("list", "--store", "sqlite:///none.db")
    assert "there is no store sqlite:///none.db" in said.err
    said = tasker("list", "--store", STORE, "--server", url)
    assert (said.code, said.err.startswith("error: --store and --server name two")) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["worker"], "a worker works a store"),
        (["serve"], "a server works a store"),
        (["bench", "checkout.yaml"], "tasks are measured in this process"),
        (["run", "--continue", "last"], "a server goes on with its tasks by itself"),
    ],
)
def test_what_makes_no_sense_there_says_so(tasker, arguments, why):
    said = tasker(*arguments, "--server", URL)
    assert (said.code, said.out) == (2, "")
    assert why in said.err


def test_a_variable_does_not_keep_a_worker_from_its_store(tasker, monkeypatch):
    monkeypatch.setenv("TASKER_SERVER", URL)
    assert "memory:// is seen by one process" in tasker("worker", "--store", "memory://").err


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("http://127.0.0.1:1/tasker", 1, "no answer from http://127.0.0.1:1/tasker"),
        ("127.0.0.1:8080", 2, "needs http:// or https://"),
    ],
)
def test_a_server_that_is_not_there(tasker, url, code, said):
    told = tasker("list", "--server", url)
    assert told.code == code
    assert said in told.err
    assert told.err.count("\n") == 1


def test_a_token_is_taken_from_the_environment(tasker, tmp_path, monkeypatch):
    from datetime import UTC, datetime

    file = TokenFile(tmp_path / "tokens.json")
    token = file.create("ann", ["operator"], expires_at=None, now=datetime(2026, 3, 1, tzinfo=UTC))
    viewer = file.create("bob", ["viewer"], expires_at=None, now=datetime(2026, 3, 1, tzinfo=UTC))
    with served(tmp_path, "--tokens", file.path) as server:
        monkeypatch.setenv("TASKER_SERVER", server.url)
        said = tasker("list")
        assert said.code == 1
        monkeypatch.setenv("TASKER_TOKEN", token)
        task_id = tasker("run", "office.report", "--json").json["task_id"]
        tasker("annotate", task_id, "ticket", '{"number": 1}')
        assert tasker("show", task_id, "--json").json["initiator"] != ""
        monkeypatch.setenv("TASKER_TOKEN", viewer)
        assert tasker("list").code == 0
        said = tasker("cancel", task_id, "--json")
        assert said.error["type"] == "AuthorizationError"
        assert said.error["permission"] == "tasker.task:cancel"
