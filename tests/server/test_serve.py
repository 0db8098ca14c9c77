"""`tasker serve` as a process: starts, refuses to, ends in order, loses nothing."""

import json
import signal
from http.client import HTTPConnection

import httpx
import pytest

from tests.cli.command import ROOT, process, read_until, running
from tests.server.serving import CHECKOUT, REPORT, events_of, served


def refused(*arguments, cwd=ROOT):
    said = process("serve", "--port", 0, *arguments, cwd=cwd)
    assert said.code == 2
    assert "Traceback" not in said.err
    return said


def test_it_tells_people_where_it_is(tmp_path):
    arguments = ("serve", "--port", 0, "--store", f"sqlite:///{tmp_path / 'a.db'}", "--prefix", "/")
    with running(*arguments, cwd=ROOT) as child:
        line = read_until(child, "serving")
        url = line.split(" at ")[1].split(" ")[0]
        assert httpx.get(f"{url}/health/live").json()["alive"] is True
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0


def test_it_listens_beyond_loopback_only_with_authentication(tmp_path):
    store = ("--store", f"sqlite:///{tmp_path / 'a.db'}")
    said = refused("--host", "0.0.0.0", *store)
    assert "--allow-unauthenticated" in said.err
    assert not (tmp_path / "a.db").exists()
    with running(
        *("serve", "--port", 0, "--host", "0.0.0.0", "--allow-unauthenticated", *store), cwd=ROOT
    ) as child:
        assert "serving" in read_until(child, "serving")


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    file = tmp_path / "server.yaml"
    file.write_text("prot: 80\nprefix: tasker/\nauth: {authenticator: tokens, role: x}\n")
    said = refused("--config", file, "--json")
    told = json.loads(said.err)["error"]["problems"]
    for part in ("prot", "prefix is 'tasker/'", "auth.role"):
        assert any(part in each for each in told), told
    assert "absent.yaml" in refused("--config", tmp_path / "absent.yaml").err
    assert "Address already in use" in _on_a_port_in_use(tmp_path)


def _on_a_port_in_use(tmp_path):
    with served(tmp_path) as server:
        port = httpx.URL(server.url).port
        said = process("serve", "--port", port, "--store", f"sqlite:///{tmp_path}/b.db", cwd=ROOT)
        return said.err


def test_a_file_and_the_environment_are_heeded(tmp_path, monkeypatch):
    file = tmp_path / "server.yaml"
    file.write_text(f"store: sqlite:///{tmp_path}/c.db\nport: 0\nprefix: /a\nmax_body_bytes: 500\n")
    monkeypatch.setenv("TASKER_SERVER_PREFIX", "/of/the/environment")
    with running("serve", "--json", "--config", file, cwd=ROOT) as child:
        url = json.loads(read_until(child, "server.started").splitlines()[-1])["url"]
        assert url.endswith("/of/the/environment")
        assert (tmp_path / "c.db").exists()
        answer = httpx.post(f"{url}/tasks", json={"name": "x" * 600})
        assert answer.status_code == 413


def test_at_sigterm_requests_and_steps_finish_and_streams_end(tmp_path):
    with served(tmp_path) as server:
        task, gate = server.running_task()
        path = f"/tasks/{task['task_id']}"
        with (
            httpx.Client(base_url=server.url, timeout=25) as other,
            other.stream("GET", "/events/stream") as everything,
            server.client.stream("GET", f"{path}/events/stream") as one,
        ):
            everything_lines, one_lines = everything.iter_lines(), one.iter_lines()
            next(everything_lines)
            next(one_lines)
            server.child.send_signal(signal.SIGTERM)
            # Both streams end before the step, which is let finish.
            assert "end" not in [event["event"] for event in events_of(one_lines)]
            list(everything_lines)
        gate.touch()
        assert server.child.wait(20) == 0
    with served(tmp_path) as again:
        steps = again.get(f"{path}").json()["workflow_steps"]
        assert (steps[0]["status"], steps[0]["attempts"]) == ("complete", 1)


def test_a_wait_ends_with_the_server(tmp_path):
    with served(tmp_path) as server:
        task, gate = server.running_task()
        url = httpx.URL(server.url)
        waiting = HTTPConnection(url.host, url.port, timeout=20)
        waiting.connect()
        path = f"{url.path}/tasks/{task['task_id']}"
        waiting.request("GET", path, headers={"Prefer": "wait=60"})
        server.get("/health/live")  # which was asked for later, so the wait has begun
        server.child.send_signal(signal.SIGTERM)
        answer = waiting.getresponse()
        assert (answer.status, json.loads(answer.read())["status"]) == (200, "in_progress")
        waiting.close()
        gate.touch()
        assert server.child.wait(20) == 0


@pytest.mark.timeout(120)
def test_what_was_answered_is_there_after_a_kill(tmp_path):
    acknowledged: dict[str, str] = {}
    for round in range(3):
        with served(tmp_path) as server:
            for number in range(40):
                key = f"{round}-{number}"
                answer = server.post("/tasks", REPORT, headers={"Idempotency-Key": key})
                assert answer.status_code == 201
                acknowledged[key] = answer.json()["task_id"]
            server.child.kill()
    with served(tmp_path) as server:
        for key, task_id in acknowledged.items():
            again = server.post("/tasks", REPORT, headers={"Idempotency-Key": key})
            assert (again.status_code, again.json()["task_id"]) == (200, task_id)
            done = server.get(f"/tasks/{task_id}", headers={"Prefer": "wait=20"}).json()
            assert done["status"] == "complete"
        counted = server.get("/tasks", params={"name": "report"}).json()["pagination"]
        assert counted["total_count"] == len(acknowledged)


def test_a_task_left_by_another_process_is_run(tmp_path):
    store = f"sqlite:///{tmp_path / 'tasks.db'}"
    with served(tmp_path) as server:
        said = process(
            *("submit", "office.report", "--app", "tests.server.shop:every", "--store", store),
            cwd=ROOT,
        )
        task_id = said.out.split()[0]
        done = server.get(f"/tasks/{task_id}", headers={"Prefer": "wait=20"})
        assert done.json()["status"] == "complete"
        body = {**CHECKOUT, "context": {"order": 1}}
        server.post("/tasks", body)
