"""Steps over HTTP, by their names."""

import pytest

from tests.server.serving import problem


def steps(task):
    return f"/tasks/{task['task_id']}/workflow_steps"


def test_steps_are_listed_and_shown(server):
    task = server.task()
    listed = server.get(steps(task)).json()["steps"]
    assert [step["name"] for step in listed] == ["validate", "charge", "ship"]
    shown = server.get(f"{steps(task)}/charge")
    assert shown.json() == listed[1]
    assert shown.headers["etag"] == server.get(f"/tasks/{task['task_id']}").headers["etag"]
    found = problem(server.get(f"{steps(task)}/nope"), 404, "STEP_NOT_FOUND")
    assert found["details"]["known"] == ["validate", "charge", "ship"]


def test_limits_and_inputs_of_a_step_change(server):
    task = server.failed_task()
    path = f"{steps(task)}/charge"
    changed = server.client.patch(path, json={"retry_limit": 9, "inputs": {"card": "new"}})
    assert (changed.json()["retry_limit"], changed.json()["inputs"]) == (9, {"card": "new"})
    problem(server.client.patch(path, json={}), 422, "INVALID_REQUEST")
    problem(server.client.patch(path, json={"retry_limit": 0}), 422, "INVALID_REQUEST")
    done = f"{steps(task)}/validate"
    problem(server.client.patch(done, json={"retry_limit": 9}), 409, "INVALID_STATE")
    stale = {"If-Match": '"1"'}
    late = server.client.patch(path, json={"retry_limit": 5}, headers=stale)
    problem(late, 412, "TASK_CHANGED")


def test_a_failed_step_is_taken_as_done_and_the_task_goes_on(server):
    task = server.failed_task()
    done = server.post(f"{steps(task)}/charge/resolve", {"results": {"receipt": "by hand"}})
    assert done.json()["status"] == "resolved_manually"
    ended = server.get(f"/tasks/{task['task_id']}", headers={"Prefer": "wait=20"}).json()
    assert ended["status"] == "complete"
    assert ended["workflow_steps"][2]["results"] == "by hand"


def test_a_failed_step_is_tried_again(server):
    task = server.failed_task()
    assert server.post(f"{steps(task)}/charge/retry").status_code == 200
    server.get(f"/tasks/{task['task_id']}", headers={"Prefer": "wait=20"})
    assert server.get(f"{steps(task)}/charge").json()["attempts"] == 2
    problem(server.post(f"{steps(task)}/validate/retry"), 409, "INVALID_STATE")


@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_a_step_is_cancelled(server, method):
    task, gate = server.running_task()
    path = f"{steps(task)}/ship" + ("/cancel" if method == "POST" else "")
    assert server.client.request(method, path).json()["status"] == "cancelled"
    problem(server.client.request(method, path), 409, "INVALID_STATE")
    gate.touch()
    ended = server.get(f"/tasks/{task['task_id']}", headers={"Prefer": "wait=20"}).json()
    assert ended["status"] == "error"
