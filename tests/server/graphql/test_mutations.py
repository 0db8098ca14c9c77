"""What can be done in GraphQL, on a real server."""

import json

from tests.server.graphql.asking import asked, data, error

CREATE = """mutation ($input: CreateTaskInput!) { createTask(input: $input) {
    task { taskId status namespace version context initiator tags priority } errors { code }
} }"""


def created(server, **given):
    given = {"name": "checkout", "namespace": "shop", "context": {"order": 7}, **given}
    return data(server, CREATE, input=given)["createTask"]["task"]


def act(server, verb, task, **more):
    """Do something to a task or step, and return the payload and the whole answer."""
    kind, shown = ("Step", "step") if "stepId" in more else ("Task", "task")
    special = {"resolveStep": "ResolveStep", "updateStep": "UpdateStep", "updateTask": "UpdateTask"}
    name = special.get(verb, "AnnotateTask" if verb == "annotateTask" else f"{kind}Action")
    query = (
        f"mutation ($input: {name}Input!) {{ {verb}(input: $input) "
        f"{{ {shown} {{ status }} errors {{ code status details type message }} }} }}"
    )
    answer = asked(server, query, input={"taskId": task, **more})
    return answer["data"][verb], answer


def test_a_task_is_created_in_a_namespace_at_a_version(server):
    task = created(server, version="1.2.0", tags=["a"], priority=3, initiator="ann")
    assert (task["namespace"], task["version"]) == ("shop", "1.2.0")
    assert (task["tags"], task["priority"], task["initiator"]) == (["a"], 3, "ann")
    assert task["context"] == {"order": 7, "gift": False}
    old = created(server, version="1.10.0-rc.1", context="{}")
    assert old["version"] == "1.10.0-rc.1"
    done = server.get(f"/tasks/{task['taskId']}", headers={"Prefer": "wait=20"}).json()
    assert done["status"] == "complete"


def test_the_same_key_gives_the_same_task(server):
    first = created(server, idempotencyKey="graphql-1")
    assert created(server, idempotencyKey="graphql-1")["taskId"] == first["taskId"]
    other = {"name": "checkout", "namespace": "shop", "context": {"order": 8}}
    answer = asked(server, CREATE, input={**other, "idempotencyKey": "graphql-1"})
    error(answer, 422, "IDEMPOTENCY_KEY_REUSED")


def test_a_refusal_is_in_the_payload_and_among_the_errors(server):
    given = {"name": "checkout", "namespace": "shop", "context": {"order": "seven"}}
    answer = asked(server, CREATE, input=given)
    assert answer["data"]["createTask"] == {
        "task": None,
        "errors": [{"code": "INVALID_TASK_CONFIG"}],
    }
    found = error(answer, 422, "INVALID_TASK_CONFIG")
    assert found["path"] == ["createTask"]
    assert list(found["extensions"]["details"]) == ["context/order"]
    for wrong, code in (
        ({"name": "nothing"}, "HANDLER_NOT_FOUND"),
        ({"context": "[1]"}, "INVALID_REQUEST"),
        ({"context": "{"}, "INVALID_REQUEST"),
        ({"tags": ["x" * 256]}, "INVALID_REQUEST"),
        ({"idempotencyKey": "with space"}, "INVALID_REQUEST"),
        ({"bypassSteps": ["charge"]}, "INVALID_TASK_CONFIG"),
    ):
        error(asked(server, CREATE, input={**given, "context": {"order": 1}, **wrong}), 422, code)


def test_each_refusal_has_the_path_of_its_own_mutation(server):
    query = """mutation ($good: CreateTaskInput!, $bad: TaskActionInput!) {
        one: createTask(input: $good) { task { taskId } errors { code } }
        two: cancelTask(input: $bad) { task { taskId } errors { code } }
    }"""
    good = {"name": "report", "namespace": "office", "context": "{}"}
    answer = asked(server, query, good=good, bad={"taskId": "nowhere"})
    assert answer["data"]["one"]["task"] is not None
    assert answer["data"]["two"] == {"task": None, "errors": [{"code": "TASK_NOT_FOUND"}]}
    assert [each["path"] for each in answer["errors"]] == [["two"]]


def test_a_running_task_is_paused_resumed_changed_and_cancelled(server):
    task, gate = server.running_task()
    task_id = task["task_id"]
    assert act(server, "pauseTask", task_id)[0]["task"] == {"status": "paused"}
    assert act(server, "resumeTask", task_id)[0]["task"] == {"status": "in_progress"}
    assert act(server, "updateTask", task_id, tags=["slow"])[0]["errors"] == []
    assert act(server, "annotateTask", task_id, type="audit", annotation={"n": 1})[0]["task"]
    text = json.dumps({"n": 2})
    assert act(server, "annotateTask", task_id, type="audit", annotation=text)[0]["task"]
    assert act(server, "cancelTask", task_id, reason="enough")[0]["task"] == {"status": "cancelled"}
    payload, answer = act(server, "pauseTask", task_id)
    assert payload["errors"][0]["code"] == "INVALID_STATE"
    error(answer, 409, "INVALID_STATE")
    whole = server.get(f"/tasks/{task_id}").json()
    assert whole["tags"] == ["slow"]
    assert [note["annotation"] for note in whole["task_annotations"]] == [{"n": 1}, {"n": 2}]
    gate.touch()


def test_a_failed_step_is_changed_retried_and_resolved(server):
    task_id = server.failed_task()["task_id"]
    error(act(server, "cancelStep", task_id, stepId="nothing")[1], 404, "STEP_NOT_FOUND")
    step = {"stepId": "charge"}
    inputs = {"order": 7, "declined": True}
    assert act(server, "updateStep", task_id, **step, retryLimit=5, inputs=inputs)[0]["step"]
    assert act(server, "retryStep", task_id, **step)[0]["errors"] == []
    again = server.get(f"/tasks/{task_id}", headers={"Prefer": "wait=20"}).json()
    assert (again["status"], again["workflow_steps"][1]["retry_limit"]) == ("error", 5)
    results = {"receipt": "by hand"}
    payload, _ = act(server, "resolveStep", task_id, **step, results=results, reason="paid")
    assert payload["step"] == {"status": "resolved_manually"}
    done = server.get(f"/tasks/{task_id}", headers={"Prefer": "wait=20"}).json()
    assert done["status"] == "complete"
    assert done["workflow_steps"][2]["results"] == "by hand"


def test_a_failed_task_is_retried_and_resolved(server):
    task_id = server.failed_task()["task_id"]
    assert act(server, "retryTask", task_id)[0]["errors"] == []
    server.get(f"/tasks/{task_id}", headers={"Prefer": "wait=20"})
    assert act(server, "resolveTask", task_id)[0]["task"] == {"status": "resolved_manually"}


def test_a_change_is_refused_when_the_task_has_changed_since(server):
    task_id = server.failed_task()["task_id"]
    seq = data(server, "query ($id: ID!) {task(taskId: $id) {seq}}", id=task_id)["task"]["seq"]
    assert act(server, "updateTask", task_id, reason="first", expectedSeq=seq)[0]["task"]
    _, answer = act(server, "updateTask", task_id, reason="second", expectedSeq=seq)
    error(answer, 412, "TASK_CHANGED")
    assert server.get(f"/tasks/{task_id}").json()["reason"] == "first"
