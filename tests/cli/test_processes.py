"""The real thing: processes, signals, a worker and those who talk to it."""

import json
import os
import pty
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import eventually, process, read_until, running, spawn

ORDER = '{"order": 7}'
GATED = '{"order": 7, "gate": "gate"}'


@pytest.fixture(autouse=True)
def _real_world(blocking_call_detector):
    blocking_call_detector.deactivate()


def state_of(tasker, task="last"):
    return tasker("show", task, "--json").json["state"]


def test_exit_codes_and_plain_output(folder):
    said = process("run", "checkout.yaml", "-c", ORDER, cwd=folder)
    assert (said.code, said.err) == (0, "")
    assert "\x1b" not in said.out
    assert "validating\n" in said.out
    assert process("list", "--state", "bogus", cwd=folder).code == 2


def test_handlers_beside_the_definition_are_found(folder):
    (folder / "local_steps.py").write_text(
        "class Hello:\n    def process(self, task, sequence, step): return 'hello'\n"
    )
    (folder / "hello.yaml").write_text(
        "name: hello\nstep_templates:\n  - {name: a, handler_class: local_steps:Hello}\n"
    )
    said = process("run", "hello.yaml", "--json", cwd=folder)
    assert said.json["steps"][0]["results"] == "hello"


def test_a_closed_pipe_is_no_complaint(tasker, folder):
    tasker("run", "checkout.yaml", "-c", ORDER)
    child = spawn("show", cwd=folder)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert child.stderr.read() == ""
    child.stderr.close()
    assert child.wait() == 141


def test_interrupted_once_a_task_is_handed_back(tasker, folder):
    with running("run", "checkout.yaml", "-c", GATED, cwd=folder) as child:
        read_until(child, "validating")
        child.send_signal(signal.SIGINT)
        assert child.stderr is not None
        assert child.stderr.readline().startswith("stopping:")
        assert "waiting up to 10 s for: validate" in child.stderr.readline()
        Path("gate").touch()
        _, err = child.communicate(timeout=10)
    assert child.returncode == 130
    assert "tasker run --continue" in err
    shown = tasker("show", "--json").json
    assert [step["state"] for step in shown["steps"]] == ["complete"] + ["pending"] * 3
    assert tasker("run", "--continue", "last").code == 0
    assert state_of(tasker) == "complete"


def test_terminated_twice_it_stops_at_once(tasker, folder):
    with running("run", "checkout.yaml", "-c", GATED, "--drain", "60", cwd=folder) as child:
        read_until(child, "validating")
        child.send_signal(signal.SIGTERM)
        assert child.stderr is not None
        child.stderr.readline()
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=10)
    assert child.returncode == 143
    Path("gate").touch()
    assert tasker("run", "--continue", "last").code == 0


def test_a_handler_that_never_ends_does_not_keep_the_process(tasker, folder):
    context = '{"order": 7, "stuck": true}'
    with running("run", "checkout.yaml", "-c", context, "--drain", "0", cwd=folder) as child:
        read_until(child, "reserve   started")
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=10)
    assert child.returncode == 130
    assert state_of(tasker) == "in_progress"


def test_a_run_that_is_cancelled_from_outside(tasker, folder):
    with running("run", "checkout.yaml", "-c", GATED, cwd=folder) as child:
        read_until(child, "validating")
        assert tasker("cancel", "last").code == 0
        out, _ = child.communicate(timeout=5)
    assert child.returncode == 3
    assert "cancelled" in out


def test_a_worker_and_those_who_talk_to_it(tasker, folder):
    with running("worker", "-d", "checkout.yaml", cwd=folder) as worker:
        started = read_until(worker, "worker.started")
        assert "definitions=1 names=shop.checkout@1.2.0" in started
        said = tasker("submit", "checkout.yaml", "-c", GATED)
        assert said.err == ""
        eventually(lambda: state_of(tasker) == "in_progress", 5)
        assert tasker("pause", "last").code == 0
        read_until(worker, "task.paused")
        assert state_of(tasker) == "paused"
        assert tasker("resume", "last").code == 0
        read_until(worker, "task.resumed")
        assert tasker("resume", "last").code == 1
        assert tasker("cancel", "last").out.endswith("is cancelled\n")
        read_until(worker, "task.cancelled")

        in_use = tasker("run", "checkout.yaml", "-c", ORDER, "--json")
        assert (in_use.code, in_use.error["type"]) == (1, "StoreInUseError")
        assert f"process {worker.pid}" in in_use.error["message"]

        context = '{"order": 7, "declined": true}'
        tasker("submit", "checkout.yaml", "-c", context)
        assert tasker("watch", "last").code == 1
        resolve = ["resolve", "last", "--step", "charge", "--results", '{"receipt": 1}']
        assert tasker(*resolve).code == 0
        assert tasker("watch", "last").code == 0

        worker.send_signal(signal.SIGTERM)
        out, err = worker.communicate(timeout=10)
    assert worker.returncode == 0
    assert err == "stopping: nothing more is started; Ctrl-C again to stop at once\n"
    assert "worker.draining seconds=10" in out
    assert "worker.stopped handed_back=0\n" in out


def test_a_worker_says_what_it_waits_for_and_what_it_hands_back(tasker, folder):
    tasker("submit", "checkout.yaml", "-c", GATED)
    with running("worker", cwd=folder) as worker:
        assert worker.stderr is not None
        eventually(lambda: state_of(tasker) == "in_progress")
        worker.send_signal(signal.SIGINT)
        assert worker.stderr.readline().endswith("Ctrl-C again to stop at once\n")
        task_id = tasker("show", "--json").json["task_id"]
        assert worker.stderr.readline() == (
            f"waiting up to 10 s for: validate of {task_id[-12:]}\n"
        )
        assert "running=1" in read_until(worker, "worker.draining")
        Path("gate").touch()
        out, _ = worker.communicate(timeout=10)
    assert worker.returncode == 0
    assert "worker.stopped handed_back=1\n" in out


def test_a_task_that_left_memory_for_a_retry_was_not_handed_back(tasker, folder):
    tasker("submit", "checkout.yaml", "-c", '{"order": 7, "busy": 1, "pause": 90}')
    with running("worker", cwd=folder) as worker:
        failed = read_until(worker, "step.failed")
        assert "error_class=RetryableError" in failed
        left_memory = "SELECT owner IS NULL FROM tasks"
        database = sqlite3.connect("tasker.db")
        eventually(lambda: database.execute(left_memory).fetchone()[0])
        database.close()
        worker.send_signal(signal.SIGTERM)
        out, _ = worker.communicate(timeout=10)
    assert "worker.stopped handed_back=0\n" in out


def test_a_worker_tells_in_json_and_takes_up_what_was_left(tasker, folder):
    tasker("submit", "checkout.yaml", "-c", ORDER)
    with running("worker", "--json", "--verbose", cwd=folder) as worker:
        lines = read_until(worker, "task.completed").splitlines()
        worker.send_signal(signal.SIGINT)
        rest, err = worker.communicate(timeout=10)
    assert worker.returncode == 0
    events = [json.loads(line) for line in lines + rest.splitlines()]
    assert {"worker.started", "step.completed", "worker.stopped"} <= {
        each["event"] for each in events
    }
    assert all(each["at"].endswith("Z") for each in events)
    assert err == "validating\n"


def test_a_newer_database(tasker, folder):
    tasker("run", "checkout.yaml", "-c", ORDER)
    database = sqlite3.connect("tasker.db")
    database.execute("PRAGMA user_version = 99")
    database.commit()
    database.close()
    said = tasker("list")
    assert said.code == 1
    assert said.err.startswith("error: the store sqlite:///tasker.db has schema version 99")
    assert said.err.count("\n") == 1


def test_on_a_terminal_the_graph_is_drawn(folder):
    leader, follower = pty.openpty()
    os.set_blocking(leader, False)
    child = spawn(
        "run",
        "checkout.yaml",
        "-c",
        '{"order": 7, "busy": 1}',
        cwd=folder,
        stdout=follower,
        stderr=follower,
        stdin=subprocess.DEVNULL,
    )
    os.close(follower)
    screen = b""

    def ended() -> bool:
        nonlocal screen
        try:
            while part := os.read(leader, 65_536):
                screen += part
        except BlockingIOError:
            pass
        except OSError:  # how Linux says that the other end is closed
            return True
        return child.poll() is not None

    eventually(ended)
    assert child.wait() == 0
    os.close(leader)
    text = screen.decode()
    assert "\x1b[?25l" in text
    final = text[text.rindex("\x1b[?25h") :]
    assert "level" in final
    assert "4/4 steps" in final
    assert "2/3" in final
