"""Tasks over HTTP: created, listed, shown, changed, acted on."""

import uuid
from typing import Any

import pytest

from tests.server.serving import CHECKOUT, REPORT, problem

ABSENT = "01a20d4e-0000-7000-8000-000000000000"


def key() -> str:
    return f"key-{uuid.uuid4()}"


def test_a_created_task_is_answered_whole_with_its_place(server):
    answer = server.post(
        "/tasks",
        {**CHECKOUT, "context": {"order": 7}, "tags": ["a", "b"], "priority": 3, "reason": "why"},
        headers={"Prefer": "wait=20"},
    )
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "wait=20"
    task = answer.json()
    assert answer.headers["location"] == f"/tasker/tasks/{task['task_id']}"
    assert (task["full_name"], task["status"], task["complete"]) == (
        "shop.checkout@1.2.0",
        "complete",
        True,
    )
    # The default of the schema is in the context; who asked is known by no name here.
    assert task["context"] == {"order": 7, "gift": False}
    assert (task["tags"], task["priority"], task["reason"]) == (["a", "b"], 3, "why")
    assert task["initiator"] == "anonymous"
    steps = {step["name"]: step for step in task["workflow_steps"]}
    assert steps["charge"]["results"] == {"receipt": "A-17"}
    assert steps["ship"]["depends_on"] == ["charge"]
    shown = server.get(f"/tasks/{task['task_id']}")
    assert shown.headers["etag"] == answer.headers["etag"]
    assert shown.json() == {**task, "task_annotations": []}


def test_without_a_wait_the_answer_does_not_wait(server):
    task, gate = server.running_task()
    at_once = server.post("/tasks", {**CHECKOUT, "context": {"order": 7}})
    assert (at_once.status_code, at_once.json()["status"]) == (201, "pending")
    assert at_once.headers["etag"] == '"1"'
    soon = server.get(f"/tasks/{task['task_id']}", headers={"Prefer": "wait=0"}).json()
    assert soon["status"] == "in_progress"
    gate.touch()
    done = server.get(f"/tasks/{task['task_id']}", headers={"Prefer": "respond-async, wait=20"})
    assert done.json()["status"] == "complete"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"name": "nobody"}, "HANDLER_NOT_FOUND", None),
        ({**CHECKOUT, "version": "9.9.9"}, "HANDLER_NOT_FOUND", None),
        (CHECKOUT, "INVALID_TASK_CONFIG", "context"),
        ({**CHECKOUT, "context": {"order": "7"}}, "INVALID_TASK_CONFIG", "context/order"),
        (
            {**CHECKOUT, "context": {"order": 7}, "bypass_steps": ["charge"]},
            "INVALID_TASK_CONFIG",
            "bypass_steps",
        ),
        ({"name": ""}, "INVALID_REQUEST", "name"),
        ({**CHECKOUT, "context": []}, "INVALID_REQUEST", "context"),
        ({**CHECKOUT, "contxt": {}}, "INVALID_REQUEST", "data"),
        ({**CHECKOUT, "priority": 10**30}, "INVALID_REQUEST", None),
        ([], "INVALID_REQUEST", None),
    ],
)
def test_a_request_that_cannot_be_is_refused_with_what_is_wrong(server, body, code, field):
    found = problem(server.post("/tasks", body), 422, code)
    assert found["instance"] == "/tasker/tasks"
    if field is not None:
        assert field in found["details"]


def test_bodies_that_cannot_be_read(server):
    headers = {"Content-Type": "application/json"}
    cut = server.client.post("/tasks", content=b'{"name":', headers=headers)
    problem(cut, 400, "MALFORMED_REQUEST")
    deep = b'{"name": "a", "context": {"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}}"
    problem(server.client.post("/tasks", content=deep, headers=headers), 400, "MALFORMED_REQUEST")
    problem(server.client.post("/tasks", content=b"", headers=headers), 422, "INVALID_REQUEST")
    form = server.client.post("/tasks", data={"name": "report"})
    problem(form, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_beyond_the_limit_is_not_read(server):
    # More than the server's limit of 2 MiB; then more than a context may have.
    problem(server.post("/tasks", {"name": "x" * 3_000_000}), 413, "TOO_LARGE")
    pieces = (b"[" * 100_000 for _ in range(30))
    headers = {"Content-Type": "application/json"}
    chunked = server.client.post("/tasks", content=pieces, headers=headers)
    problem(chunked, 413, "TOO_LARGE")
    context = {"order": 7, "filler": "x" * 1_500_000}
    problem(server.post("/tasks", {**CHECKOUT, "context": context}), 413, "TOO_LARGE")


def test_a_repeated_key_gives_the_first_task(server):
    body = {**CHECKOUT, "context": {"order": 1}}
    headers = {"Idempotency-Key": key()}
    first = server.post("/tasks", body, headers=headers)
    again = server.post("/tasks", body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["task_id"] == first.json()["task_id"]
    assert again.headers["idempotency-replayed"] == "true"
    # The quotes of structured fields are not part of it.
    quoted = server.post(
        "/tasks", body, headers={"Idempotency-Key": f'"{headers["Idempotency-Key"]}"'}
    )
    assert quoted.json()["task_id"] == first.json()["task_id"]
    other = server.post("/tasks", {**CHECKOUT, "context": {"order": 2}}, headers=headers)
    found = problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert found["details"]["task_id"] == first.json()["task_id"]
    problem(server.post("/tasks", body, headers={"Idempotency-Key": "a b"}), 400, "INVALID_HEADER")


def test_correlation_and_trace_of_the_request_are_the_tasks(server):
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"X-Correlation-ID": "req-7", "traceparent": parent, "tracestate": "vendor=1"}
    answer = server.post("/tasks", REPORT, headers=headers)
    task = answer.json()
    assert answer.headers["x-correlation-id"] == task["correlation_id"] == "req-7"
    assert (task["traceparent"], task["tracestate"]) == (parent, "vendor=1")
    # What is malformed is left out, and an id made: two requests are told apart.
    made = [
        server.post("/tasks", REPORT, headers={"X-Correlation-ID": "a b"}).headers[
            "x-correlation-id"
        ]
        for _ in range(2)
    ]
    assert len({*made, "a b"}) == 3


def test_pages_are_stable_while_tasks_are_added(server):
    tag = key()
    made = [server.task({**REPORT, "tags": [tag]})["task_id"] for _ in range(5)]
    params = {"tag": tag, "per_page": 2}
    page = server.get("/tasks", params=params).json()
    seen = [task["task_id"] for task in page["tasks"]]
    assert page["pagination"]["total_count"] == 5
    late = server.task({**REPORT, "tags": [tag]})["task_id"]
    while page["pagination"]["next_cursor"]:
        cursor = page["pagination"]["next_cursor"]
        page = server.get("/tasks", params={**params, "cursor": cursor}).json()
        seen += [task["task_id"] for task in page["tasks"]]
    assert seen == made[::-1]
    assert late not in seen
    assert page["pagination"] == {"total_count": 6, "per_page": 2, "next_cursor": None}


def test_each_filter_chooses(server):
    tag = key()
    done = server.task({**CHECKOUT, "context": {"order": 1}, "tags": [tag, "x"]})
    failed = server.task({**CHECKOUT, "context": {"order": 2, "declined": True}, "tags": [tag]})
    other = server.task({**REPORT, "tags": [tag]})
    server.post(
        f"/tasks/{other['task_id']}/annotations",
        {"type": "audit", "annotation": {"by": tag, "count": 3}},
    )
    names = {done["task_id"]: "done", failed["task_id"]: "failed", other["task_id"]: "other"}

    def chosen(**params):
        found = server.get("/tasks", params={"tag": tag, **params}).json()
        return {names[task["task_id"]] for task in found["tasks"]}

    assert chosen() == {"done", "failed", "other"}
    assert chosen(tag=[tag, "x"]) == {"done"}
    assert chosen(status="error") == {"failed"}
    assert chosen(status=["error", "complete"]) == {"done", "failed", "other"}
    assert chosen(namespace="office") == {"other"}
    assert chosen(name="checkout") == {"done", "failed"}
    assert chosen(version="0.3.0") == {"other"}
    assert chosen(created_from=failed["created_at"]) == {"failed", "other"}
    assert chosen(created_until=failed["created_at"]) == {"done"}
    audited = {"annotation_type": "audit", "annotation_key": "by", "annotation_value": tag}
    assert chosen(**audited) == {"other"}


@pytest.mark.parametrize(
    "params",
    [
        {"status": "done"},
        {"per_page": 0},
        {"per_page": 101},
        {"per_page": "many"},
        {"created_from": "yesterday"},
        {"created_from": "2026-03-01T12:00:00"},
        {"annotation_type": "audit"},
        {"cursor": "x" * 65},
    ],
)
def test_filters_that_cannot_be_are_refused(server, params):
    problem(server.get("/tasks", params=params), 422, "INVALID_REQUEST")


def test_the_analysis_comes_with_a_task_when_it_is_asked_for(server):
    task_id = server.failed_task()["task_id"]
    assert server.get(f"/tasks/{task_id}").json()["dependencies"] is None
    shown = server.get(f"/tasks/{task_id}", params={"include_dependencies": "true"}).json()
    found = shown["dependencies"]
    assert found["dependency_graph"]["dependency_levels"] == {"validate": 0, "charge": 1, "ship": 2}
    assert found["error_chains"]["most_critical_error"] == "charge"


def test_a_task_is_changed_only_as_it_was_seen(server):
    task = server.task(REPORT)
    path, seen = f"/tasks/{task['task_id']}", server.get(f"/tasks/{task['task_id']}")
    match = {"If-Match": seen.headers["etag"]}
    changed = server.client.patch(path, json={"tags": ["urgent"]}, headers=match)
    assert (changed.status_code, changed.json()["tags"]) == (200, ["urgent"])
    assert changed.headers["etag"] != seen.headers["etag"]
    late = server.client.patch(path, json={"reason": "audit"}, headers=match)
    assert problem(late, 412, "TASK_CHANGED")["details"]["task_id"] == task["task_id"]
    free = server.client.patch(path, json={"reason": "audit"}, headers={"If-Match": "*"})
    assert (free.json()["reason"], free.json()["tags"]) == ("audit", ["urgent"])
    weak = {"If-Match": 'W/"3"'}
    problem(server.client.patch(path, json={"reason": "x"}, headers=weak), 400, "INVALID_HEADER")
    problem(server.client.patch(path, json={}), 422, "INVALID_REQUEST")
    problem(server.client.patch(path, json={"context": {}}), 422, "INVALID_REQUEST")


def test_pausing_and_resuming(server):
    task, gate = server.running_task()
    path = f"/tasks/{task['task_id']}"
    assert server.post(f"{path}/pause", {"reason": "night"}).json()["status"] == "paused"
    gate.touch()
    problem(server.post(f"{path}/pause"), 409, "INVALID_STATE")
    assert server.post(f"{path}/resume").json()["status"] == "in_progress"
    done = server.get(path, headers={"Prefer": "wait=20"}).json()
    assert done["status"] == "complete"
    asked = [each["detail"] for each in server.get(f"{path}/events").json()["events"]]
    assert {"by": "anonymous", "reason": "night"} in asked


@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_cancelling(server, method):
    task, _ = server.running_task()
    path = f"/tasks/{task['task_id']}"
    answer = server.client.request(method, path if method == "DELETE" else f"{path}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    again = server.client.request(method, path if method == "DELETE" else f"{path}/cancel")
    found = problem(again, 409, "INVALID_STATE")
    assert found["details"]["state"] == "cancelled"


def test_retrying_a_failed_task(server):
    task = server.failed_task()
    path = f"/tasks/{task['task_id']}"
    problem(server.post(f"{path}/retry", {"step": "nope"}), 404, "STEP_NOT_FOUND")
    problem(server.post(f"{path}/retry", {"step": "validate"}), 409, "INVALID_STATE")
    assert server.post(f"{path}/retry", {"step": "charge"}).status_code == 200
    failed = server.get(path, headers={"Prefer": "wait=20"}).json()
    charge = next(step for step in failed["workflow_steps"] if step["name"] == "charge")
    assert (failed["status"], charge["attempts"]) == ("error", 2)
    assert charge["error"]["error_code"] == "DECLINED"


def test_resolving_a_failed_task(server):
    path = f"/tasks/{server.failed_task()['task_id']}"
    resolved = server.post(f"{path}/resolve", {"reason": "paid in cash"})
    assert resolved.json()["status"] == "resolved_manually"
    problem(server.post(f"{path}/resolve"), 409, "INVALID_STATE")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tasks/{}"),
        ("PATCH", "/tasks/{}"),
        ("DELETE", "/tasks/{}"),
        ("POST", "/tasks/{}/cancel"),
        ("POST", "/tasks/{}/pause"),
        ("POST", "/tasks/{}/resume"),
        ("POST", "/tasks/{}/retry"),
        ("POST", "/tasks/{}/resolve"),
        ("GET", "/tasks/{}/workflow_steps"),
        ("GET", "/tasks/{}/workflow_steps/a"),
        ("PATCH", "/tasks/{}/workflow_steps/a"),
        ("DELETE", "/tasks/{}/workflow_steps/a"),
        ("POST", "/tasks/{}/workflow_steps/a/cancel"),
        ("POST", "/tasks/{}/workflow_steps/a/retry"),
        ("POST", "/tasks/{}/workflow_steps/a/resolve"),
        ("GET", "/tasks/{}/annotations"),
        ("POST", "/tasks/{}/annotations"),
        ("GET", "/tasks/{}/events"),
        ("GET", "/tasks/{}/events/stream"),
    ],
)
def test_a_task_that_is_not_there(server, method, path):
    bodies = {
        "/tasks/{}": {"reason": "x"},
        "/tasks/{}/workflow_steps/a": {"retry_limit": 5},
        "/tasks/{}/annotations": {"type": "note", "annotation": {}},
    }
    body = bodies.get(path) if method in ("PATCH", "POST") else None
    answer = server.client.request(method, path.format(ABSENT), json=body)
    assert problem(answer, 404, "TASK_NOT_FOUND")["details"] == {"task_id": ABSENT}


def test_annotations(server):
    task_id = server.task(REPORT)["task_id"]
    path = f"/tasks/{task_id}/annotations"
    answer = server.post(path, {"type": "audit", "annotation": {"by": "ann"}})
    assert answer.status_code == 201
    assert server.get(path).json() == answer.json()
    assert [each["annotation"] for each in answer.json()["annotations"]] == [{"by": "ann"}]
    assert server.get(f"/tasks/{task_id}").json()["task_annotations"][0]["type"] == "audit"
    types = server.get("/annotation_types").json()["annotation_types"]
    assert "audit" in [each["name"] for each in types]
    problem(server.post(path, {"type": "audit", "annotation": []}), 422, "INVALID_REQUEST")


def test_many_tasks_with_one_request(server):
    headers = {"Idempotency-Key": key()}
    body: dict[str, list[dict[str, Any]]] = {
        "tasks": [
            {**CHECKOUT, "context": {"order": 1}},
            {**CHECKOUT, "context": {"order": "no"}},
            {"name": "nobody"},
            REPORT,
        ]
    }
    answer = server.post("/tasks/bulk", body, headers=headers)
    found = answer.json()
    assert (answer.status_code, found["created"], found["refused"]) == (200, 2, 2)
    assert [each["index"] for each in found["outcomes"]] == [0, 1, 2, 3]
    assert [each["status"] for each in found["outcomes"]] == [201, 422, 422, 201]
    assert found["outcomes"][1]["problem"]["code"] == "INVALID_TASK_CONFIG"
    again = server.post("/tasks/bulk", body, headers=headers).json()
    assert [each["status"] for each in again["outcomes"]] == [200, 422, 422, 200]
    assert again["created"] == 0
    ids = [each["task_id"] for each in found["outcomes"]]
    assert [each["task_id"] for each in again["outcomes"]] == ids
    body["tasks"][0]["context"] = {"order": 2}
    reused = server.post("/tasks/bulk", body, headers=headers).json()["outcomes"][0]
    assert reused["problem"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    problem(server.post("/tasks/bulk", {"tasks": []}), 422, "INVALID_REQUEST")
    problem(server.post("/tasks/bulk", {"tasks": [REPORT] * 1_001}), 422, "INVALID_REQUEST")
