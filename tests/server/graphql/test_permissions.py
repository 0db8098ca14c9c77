"""Who may have which field: through aliases, fragments, directives, nesting and lists."""

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from tasker.server import AuthConfig, SidecarConfig
from tasker.server.graphql import permissions
from tasker.server.graphql.permissions import PERMISSIONS, WITH_PARENT
from tasker.server.graphql.schema import schema
from tasker.server.permissions import all_permissions, exists
from tests.server.graphql.asking import PATH
from tests.server.inside import application, post_task
from tests.server.signing import signed
from tests.server.test_access import ByName
from tests.server.test_grants import ADMIN, granted, of
from tests.server.test_matrix import CONFIG, bearer, unknown

ROOTS = [("query", "Query"), ("mutation", "Mutation")]
OURS = {
    kind.name: kind
    for kind in schema().type_map.values()
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__")
}


def value_of(kind):
    """Write a value for a required argument or field."""
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if hasattr(kind, "fields"):
        given = [
            f"{name}: {value_of(field.type)}"
            for name, field in kind.fields.items()
            if isinstance(field.type, GraphQLNonNull)
        ]
        return f"{{{', '.join(given)}}}"
    return {"JSON": "{}", "Int": "1"}.get(kind.name, '"x"')


def plain_of(field):
    """Select something of a field's type that needs no permission of its own."""
    kind = get_named_type(field.type)
    for name, inner in kind.fields.items():
        if PERMISSIONS[kind.name][name] == WITH_PARENT:
            is_leaf = is_leaf_type(get_named_type(inner.type))
            return name if is_leaf else f"{name} {{{plain_of(inner)}}}"
    raise AssertionError(kind)


def arguments_of(field):
    """Write the arguments that a field has to have."""
    given = [
        f"{name}: {value_of(argument.type)}"
        for name, argument in field.args.items()
        if is_required_argument(argument)
    ]
    return f"({', '.join(given)})" if given else ""


def operations():
    """Every first field, in the shortest operation that has it, with its permission."""
    for word, root in ROOTS:
        for name, field in OURS[root].fields.items():
            text = f"{name}{arguments_of(field)} {{{plain_of(field)}}}"
            yield word, text, PERMISSIONS[root][name]
    yield "query", "__schema {queryType {name}}", PERMISSIONS["Query"]["__schema"]
    yield "query", '__type(name: "Task") {name}', PERMISSIONS["Query"]["__type"]


OPERATIONS = list(operations())


async def send(client, query, headers=None, **variables):
    return await client.post(PATH, json={"query": query, "variables": variables}, headers=headers)


def code_of(answer):
    return answer.json()["errors"][0]["extensions"]["code"]


def lacking(answer):
    """Return which permission was lacking."""
    assert answer.status_code == 403, answer.text
    assert "data" not in answer.json()
    assert code_of(answer) == "AUTHORIZATION_FAILED"
    return answer.json()["errors"][0]["extensions"]["details"]["permission"]


def test_every_field_names_a_permission_that_there_is():
    named = {kind: set(fields) - {"__schema", "__type"} for kind, fields in PERMISSIONS.items()}
    assert named == {name: set(kind.fields) for name, kind in OURS.items()}
    for fields in PERMISSIONS.values():
        assert all(each == WITH_PARENT or exists(each) for each in fields.values())
    for _, root in (*ROOTS, ("subscription", "Subscription")):
        assert WITH_PARENT not in PERMISSIONS[root].values()


@pytest.fixture(scope="module")
async def client():
    """A client of one application for all: to make one takes longer than to ask it."""
    async with application(config=CONFIG) as (client, _, _):
        yield client


@pytest.mark.parametrize(("word", "text", "permission"), OPERATIONS)
async def test_an_operation_with_each_caller_and_each_permission(word, text, permission, client):
    query = f"{word} {{ x: {text} }}"
    for kind, headers in unknown(permission).items():
        answer = await client.post(PATH, json={"query": query}, headers=headers)
        assert (answer.status_code, code_of(answer)) == (401, "AUTHENTICATION_FAILED"), kind
        assert answer.headers["www-authenticate"] == "Bearer"
    without = [each for each in all_permissions() if each != permission]
    for roles in ([], without):
        answer = await send(client, query, bearer(signed(roles=roles)))
        assert lacking(answer) == permission
    answer = await send(client, query, bearer(signed(roles=[permission])))
    assert answer.status_code == 200, answer.text
    assert "AUTHORIZATION_FAILED" not in answer.text


STEPS = "workflowSteps {name}"


@pytest.mark.parametrize(
    "query",
    [
        f"{{tasks {{{STEPS}}}}}",
        f"{{tasks {{taskId hidden: {STEPS}}}}}",
        f"{{tasks {{...f}}}} fragment f on Task {{{STEPS}}}",
        f"{{tasks {{...f}}}} fragment f on Task {{...g}} fragment g on Task {{{STEPS}}}",
        f"{{...f}} fragment f on Query {{tasks {{...g}}}} fragment g on Task {{{STEPS}}}",
        f"{{tasks {{... on TaskInterface {{... on Task {{{STEPS}}}}}}}}}",
        f"{{tasks {{... {{{STEPS}}}}}}}",
        f"{{tasks {{{STEPS.replace(' ', ' @include(if: false) ')}}}}}",
        f"query ($no: Boolean = true) {{tasks {{... @skip(if: $no) {{{STEPS}}}}}}}",
        f"{{a: tasks {{taskId}} b: tasks {{{STEPS}}}}}",
        f"{{taskConnection {{edges {{node {{{STEPS}}}}}}}}}",
        f'# a comment\nquery q {{tasks(where: {{name: ")"}}) {{{STEPS}}}}}',
        f"query q {{tasks {{{STEPS}}}}} query p {{tasks {{taskId}}}}",
    ],
)
async def test_no_way_to_the_steps_leads_around_their_permission(query):
    config = SidecarConfig(auth=AuthConfig(roles={"some": ["tasker.task:*"]}))
    async with application(config=config, authenticator=ByName(roles=("some",))) as (client, _, _):
        body = {"query": query, "operationName": "q" if "query q" in query else None}
        answer = await client.post(PATH, json=body, headers={"X-Name": "ann"})
        assert lacking(answer) == "tasker.workflow_step:index"


async def test_what_a_list_does_not_show_needs_the_permission_to_show_it():
    config = SidecarConfig(auth=AuthConfig(roles={"some": ["tasker.task:index"]}))
    async with application(config=config, authenticator=ByName(roles=("some",))) as (client, _, _):
        ann = {"X-Name": "ann"}
        assert (await send(client, "{tasks {taskId status tags __typename}}", ann)).json() == {
            "data": {"tasks": []}
        }
        for name in ("context", "initiator", "taskAnnotations {taskId}"):
            answer = await send(client, f"{{tasks {{{name}}}}}", ann)
            assert lacking(answer) == "tasker.task:show"


async def test_a_mutation_is_not_run_when_a_later_field_is_denied():
    config = SidecarConfig(auth=AuthConfig(roles={"some": ["tasker.task:create"]}))
    async with application(config=config, authenticator=ByName(roles=("some",))) as (
        client,
        engine,
        _,
    ):
        create = 'a: createTask(input: {name: "work", context: {}}) {task {taskId}}'
        cancel = 'b: cancelTask(input: {taskId: "x"}) {task {taskId}}'
        answer = await send(client, f"mutation {{{create} {cancel}}}", {"X-Name": "ann"})
        assert lacking(answer) == "tasker.task:cancel"
        assert await engine.count_tasks() == {}
        assert (await send(client, f"mutation {{{create}}}", {"X-Name": "ann"})).status_code == 200
        assert sum((await engine.count_tasks()).values()) == 1


async def test_a_field_that_names_no_permission_is_denied(monkeypatch):
    fields = {name: each for name, each in PERMISSIONS["Task"].items() if name != "status"}
    monkeypatch.setattr(permissions, "PERMISSIONS", {**PERMISSIONS, "Task": fields})
    async with application() as (client, _, _):
        assert lacking(await send(client, "{tasks {status}}")) == "Task:status"
        assert (await send(client, "{tasks {taskId}}")).status_code == 200


async def test_a_condition_is_asked_about_what_the_first_field_names():
    async with granted() as (client, _, _):
        tasks = {
            space: (
                await client.post(
                    "/tasks", json={"name": "work", "namespace": space}, headers=ADMIN
                )
            ).json()["task_id"]
            for space in ("shop", "bank")
        }
        sam = of("sam", "shopkeeper")
        show = "query ($id: ID!) {x: task(taskId: $id) {context workflowSteps {name}}}"
        assert "errors" not in (await send(client, show, sam, id=tasks["shop"])).json()
        for query in (
            f'{{task(taskId: "{tasks["bank"]}") {{taskId}}}}',
            f'{{a: task(taskId: "{tasks["shop"]}") {{taskId}}'
            f' b: task(taskId: "{tasks["bank"]}") {{taskId}}}}',
            f'query ($id: ID! = "{tasks["bank"]}") {{step(taskId: $id, stepId: "pay") {{name}}}}',
            f'mutation {{cancelTask(input: {{taskId: "{tasks["bank"]}"}}) {{task {{taskId}}}}}}',
            'mutation {createTask(input: {name: "work", namespace: "bank", context: {}})'
            " {task {taskId}}}",
            "{tasks {taskId}}",
            '{tasks(where: {namespace: "bank"}) {taskId}}',
            '{tasksByStatus(status: "complete", namespace: "bank") {taskId}}',
            '{handlers(namespace: "bank") {name}}',
        ):
            assert (await send(client, query, sam)).status_code == 403, query
        mine = await send(client, '{tasks(where: {namespace: "shop"}) {taskId context}}', sam)
        assert [each["taskId"] for each in mine.json()["data"]["tasks"]] == [tasks["shop"]]


async def test_what_is_own_is_what_one_asked_for():
    async with granted() as (client, _, _):
        ann = of("ann", "owner")
        create = """mutation ($by: String) {createTask(input:
            {name: "work", namespace: "shop", context: {}, initiator: $by}) {task {taskId}}}"""
        answer = await send(client, create, ann)
        task_id = answer.json()["data"]["createTask"]["task"]["taskId"]
        show = "query ($id: ID!) {task(taskId: $id) {initiator}}"
        shown = await send(client, show, ann, id=task_id)
        assert shown.json()["data"]["task"] == {"initiator": "ann"}
        assert (await send(client, show, of("bob", "owner"), id=task_id)).status_code == 403
        assert (await send(client, create, ann, by="bob")).status_code == 403
        trail = await client.get("/audit", headers=ADMIN)
        assert [each["by"] for each in trail.json()["actions"]] == ["ann"]


async def test_a_list_has_ones_own_tasks_where_one_may_have_no_others():
    async with granted() as (client, engine, _):
        for name, space in (("ann", "shop"), ("ann", "bank"), ("bob", "shop")):
            body = {"name": "work", "namespace": space, "initiator": name}
            made = await client.post("/tasks", json=body, headers=ADMIN)
            await engine.wait(made.json()["task_id"])

        async def names(query, role, **variables):
            """Return whose tasks a list has, 403 where there is none."""
            answer = await send(client, query, of("ann", role), **variables)
            if answer.status_code == 403:
                return 403
            [found] = answer.json()["data"].values()
            if isinstance(found, list):
                return sorted(each["initiator"] for each in found)
            nodes = sorted(each["initiator"] for each in found["nodes"])
            assert found["totalCount"] == len(nodes)
            return nodes

        connection = "taskConnection%s {totalCount nodes {initiator}}"
        for query, wanted in (
            ("{tasks {initiator}}", {"admin": ["ann", "ann", "bob"], "mine": ["ann", "ann"]}),
            ('{tasks(where: {namespace: "shop"}) {initiator}}', {"mine": ["ann"]}),
            ('{tasks(where: {namespace: "shop"}) {initiator}}', {"both": ["ann"]}),
            ("{tasks {initiator}}", {"both": 403, "shopkeeper": 403}),
            ('{tasks(where: {initiator: "bob"}) {initiator}}', {"mine": 403, "admin": ["bob"]}),
            ('{tasks(where: {initiator: "ann"}) {initiator}}', {"mine": ["ann", "ann"]}),
            ("{tasks(where: {initiator: null}) {initiator}}", {"mine": ["ann", "ann"]}),
            ('{tasksByStatus(status: "complete") {initiator}}', {"mine": ["ann", "ann"]}),
            (f"{{{connection % ''}}}", {"admin": ["ann", "ann", "bob"], "mine": ["ann", "ann"]}),
            (
                f"query ($by: String) {{{connection % '(where: {initiator: $by})'}}}",
                {"mine": ["ann", "ann"]},
            ),
            ('{handlers(namespace: "shop") {name}}', {"mine": 403}),
        ):
            for role, expected in wanted.items():
                assert await names(query, role) == expected, (query, role)
        by = "query ($by: String) {tasks(where: {initiator: $by}) {initiator}}"
        assert await names(by, "mine", by="bob") == 403
        assert await names(by, "mine", by="ann") == ["ann", "ann"]
        both = 'query {a: tasks {initiator} b: tasks(where: {initiator: "bob"}) {initiator}}'
        assert await names(both, "mine") == 403


async def test_of_a_list_of_operations_each_is_allowed_for_itself():
    config = SidecarConfig(auth=AuthConfig(roles={"some": ["tasker.task:index"]}))
    async with application(config=config, authenticator=ByName(roles=("some",))) as (client, _, _):
        queries = [
            "{tasks {taskId}}",
            'mutation {cancelTask(input: {taskId: "x"}) {task {taskId}}}',
            "{annotationTypes {name}}",
        ]
        answer = await client.post(
            PATH, json=[{"query": each} for each in queries], headers={"X-Name": "ann"}
        )
        first, *others = answer.json()
        assert first == {"data": {"tasks": []}}
        for each in others:
            assert set(each) == {"errors"}
            assert each["errors"][0]["extensions"]["code"] == "AUTHORIZATION_FAILED"


async def test_a_page_of_another_site_gets_nowhere():
    body = b'{"query": "{tasks {taskId}}"}'
    async with application() as (client, _, _):
        await post_task(client)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            answer = await client.post(PATH, content=body, headers={"Content-Type": kind})
            assert answer.status_code == 415
        headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}
        assert (await client.post(PATH, content=body, headers=headers)).status_code == 403
        assert (await client.get(f"{PATH}?query={{tasks{{taskId}}}}")).status_code == 405
