"""What can be asked in GraphQL, of a real server."""

import pytest

from tests.server.graphql.asking import asked, data, error, refused
from tests.server.serving import REPORT, served


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A server whose tasks are those of this module alone."""
    with served(tmp_path_factory.mktemp("graphql")) as running:
        failed = running.failed_task()
        for _ in range(5):
            running.task(REPORT)
        note = {"type": "audit", "annotation": {"by": "ann"}}
        running.post(f"/tasks/{failed['task_id']}/annotations", note)
        yield running


@pytest.fixture(scope="module")
def failed(mine):
    """The task of the server that is in error."""
    (task,) = mine.get("/tasks", params={"status": "error"}).json()["tasks"]
    return task


def test_a_task_is_shown_whole(mine, failed):
    query = """query ($id: ID!) { task(taskId: $id) {
        __typename taskId status reason tags createdAt updatedAt complete requestedAt initiator
        sourceSystem bypassSteps context identityHash namedTaskId seq wakeAt fullName priority
        namespace name version progress
        namedTask { name namespace version latestVersion namedSteps { name dependsOn } }
        taskAnnotations { annotation annotationType { name } task { taskId } }
    } }"""
    shown = data(mine, query, id=failed["task_id"])["task"]
    whole = mine.get(f"/tasks/{failed['task_id']}").json()
    same = ("status", "reason", "tags", "complete", "initiator", "context", "priority", "progress")
    assert {name: shown[name] for name in same} == {name: whole[name] for name in same}
    assert shown["taskId"] == whole["task_id"]
    assert shown["fullName"] == shown["namedTaskId"] == "shop.checkout@1.2.0"
    assert shown["updatedAt"] == whole["ended_at"].replace("Z", "+00:00")
    assert shown["namedTask"]["latestVersion"] == "1.2.0"
    assert shown["namedTask"]["namedSteps"][1] == {"name": "charge", "dependsOn": ["validate"]}
    assert shown["taskAnnotations"] == [
        {
            "annotation": {"by": "ann"},
            "annotationType": {"name": "audit"},
            "task": {"taskId": whole["task_id"]},
        }
    ]


def test_the_steps_of_a_task_have_their_place_in_its_graph(mine, failed):
    query = """query ($id: ID!) { task(taskId: $id) { workflowSteps {
        workflowStepId taskId status attempts inProcess processed retryLimit isRootStep isLeafStep
        parentCount childCount parentStepIds childStepIds error results
        parents { name children { name } } task { taskId }
        namedStep { name dependentSystem { name } }
    } } }"""
    steps = data(mine, query, id=failed["task_id"])["task"]["workflowSteps"]
    assert [step["workflowStepId"] for step in steps] == ["validate", "charge", "ship"]
    validate, charge, ship = steps
    assert (validate["isRootStep"], validate["processed"]) == (True, True)
    assert (charge["status"], charge["error"]["error_code"]) == ("error", "DECLINED")
    assert (charge["parentStepIds"], charge["childStepIds"]) == (["validate"], ["ship"])
    assert charge["parents"] == [{"name": "validate", "children": [{"name": "charge"}]}]
    assert (ship["isLeafStep"], ship["childCount"], ship["attempts"]) == (True, 0, 0)
    assert all(step["task"]["taskId"] == failed["task_id"] for step in steps)
    one = data(
        mine,
        "query ($t: ID!, $s: ID!) { step(taskId: $t, stepId: $s) { status attempts } }",
        t=failed["task_id"],
        s="charge",
    )
    assert one == {"step": {"status": "error", "attempts": 1}}


def test_lists_go_page_by_page(mine):
    everything = [each["taskId"] for each in data(mine, "{tasks(limit: 100) {taskId}}")["tasks"]]
    assert len(everything) == 6
    seen, after = [], None
    for _ in range(6):
        query = """query ($after: String) { taskConnection(first: 4, after: $after) {
            totalCount pageInfo { hasNextPage endCursor } edges { cursor node { taskId } } } }"""
        page = data(mine, query, after=after)["taskConnection"]
        assert page["totalCount"] == 6
        assert [each["cursor"] for each in page["edges"]] == [
            each["node"]["taskId"] for each in page["edges"]
        ]
        seen += [each["node"]["taskId"] for each in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == everything
    after = everything[3]
    rest = data(mine, "query ($a: String) {tasks(after: $a) {taskId}}", a=after)["tasks"]
    assert [each["taskId"] for each in rest] == everything[4:]


def test_lists_are_of_what_was_asked_for(mine, failed):
    wanted = [{"taskId": failed["task_id"]}]
    for query in (
        '{tasksByStatus(status: "error") {taskId}}',
        '{tasksByAnnotation(annotationType: "audit", annotationKey: "by",'
        ' annotationValue: "ann") {taskId}}',
        '{tasks(where: {namespace: "shop", version: "1.2.0"}) {taskId}}',
        '{tasks(where: {statuses: ["error", "paused"]}) {taskId}}',
    ):
        assert list(data(mine, query).values()) == [wanted], query
    assert data(mine, '{tasksByStatus(status: "error", namespace: "office") {taskId}}') == {
        "tasksByStatus": []
    }


def test_definitions_by_namespace_name_and_version(mine):
    found = data(mine, "{namespaces {name handlerCount handlers}}")["namespaces"]
    assert {each["name"]: each["handlers"] for each in found} == {
        "office": ["report"],
        "shop": ["checkout"],
    }
    versions = data(mine, '{handlers(namespace: "shop") {version latestVersion versions}}')
    assert [each["version"] for each in versions["handlers"]] == ["1.2.0", "1.10.0-rc.1"]
    query = """query ($v: String) { handler(namespace: "shop", name: "checkout", version: $v) {
        version schema dependencyGraph stepTemplates } }"""
    newest = data(mine, query, v=None)["handler"]
    rest = mine.get("/handlers/shop/checkout").json()
    assert newest["version"] == rest["version"]
    assert newest["schema"] == rest["schema"]
    assert newest["stepTemplates"] == rest["step_templates"]
    assert newest["dependencyGraph"] == rest["dependency_graph"]
    assert data(mine, query, v="1.10.0-rc.1")["handler"]["version"] == "1.10.0-rc.1"
    answer = asked(mine, query, v="9.9.9")
    error(answer, 404, "HANDLER_NOT_FOUND")


def test_what_is_not_there_is_null_and_says_so(mine, failed):
    answer = asked(mine, '{gone: task(taskId: "nowhere") {taskId} tasks(limit: 1) {taskId}}')
    assert answer["data"]["gone"] is None
    assert len(answer["data"]["tasks"]) == 1
    found = error(answer, 404, "TASK_NOT_FOUND")
    assert found["path"] == ["gone"]
    assert found["extensions"]["details"] == {"task_id": "nowhere"}
    step = 'query ($t: ID!) { step(taskId: $t, stepId: "x") { name } }'
    error(asked(mine, step, t=failed["task_id"]), 404, "STEP_NOT_FOUND")


@pytest.mark.parametrize(
    "query",
    [
        '{tasksByStatus(status: "lost") {taskId}}',
        "{tasks(limit: 0) {taskId}}",
        "{tasks(limit: 101) {taskId}}",
        f'{{tasks(after: "{"x" * 65}") {{taskId}}}}',
        '{tasks(where: {createdFrom: "2026-03-01T12:00:00"}) {taskId}}',
    ],
)
def test_what_cannot_be_asked_for_is_refused(mine, query):
    error(asked(mine, query), 422, "INVALID_REQUEST")


def test_variables_may_be_json_as_a_string(mine):
    body = {"query": "query ($n: Int!) {tasks(limit: $n) {taskId}}", "variables": '{"n": 2}'}
    assert len(mine.post("/graphql", body).json()["data"]["tasks"]) == 2
    for wrong in ("[1]", "{", '{"n": "two"}'):
        answer = mine.post("/graphql", {**body, "variables": wrong})
        assert answer.status_code == 400, answer.text
        assert answer.json()["errors"][0]["extensions"]["code"] in (
            "MALFORMED_QUERY",
            "INVALID_QUERY",
        )


def test_one_of_several_operations_is_chosen(mine):
    both = "query a {tasks(limit: 1) {taskId}} query b {annotationTypes {name}}"
    assert asked(mine, both, operation="b")["data"] == {"annotationTypes": [{"name": "audit"}]}
    refused(mine, both, 400, "INVALID_QUERY")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{tasks {taskId", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
        ("{tasks {nothing}}", "INVALID_QUERY"),
        ("{tasks}", "INVALID_QUERY"),
        ("{task {taskId}}", "INVALID_QUERY"),
        ("subscription {events {name}}", "INVALID_QUERY"),
        ("fragment f on Task {taskId}", "INVALID_QUERY"),
    ],
)
def test_what_cannot_be_understood_is_refused(mine, query, code):
    refused(mine, query, 400, code)


def test_the_media_type_of_graphql_is_answered_where_it_is_accepted(mine):
    kind = "application/graphql-response+json"
    body = {"query": "{tasks(limit: 1) {taskId}}"}
    answer = mine.post("/graphql", body, headers={"Accept": kind})
    assert answer.headers["content-type"].startswith(kind)
    assert mine.get("/graphql").status_code == 405
