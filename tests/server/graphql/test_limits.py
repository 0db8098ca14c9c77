"""How much one request may ask for, and attempts to ask for more."""

import pytest
from graphql import get_introspection_query

from tasker.server import SidecarConfig
from tasker.server.graphql.config import GraphQLConfig
from tests.server.graphql.asking import PATH, error
from tests.server.inside import application, post_task


def limited(**limits):
    return application(config=SidecarConfig(graphql=GraphQLConfig(**limits)))


async def send(client, query, **variables):
    return await client.post(PATH, json={"query": query, "variables": variables})


async def stopped(client, query, limit, **variables):
    """Assert that an operation goes beyond a limit, and return by how much."""
    answer = await send(client, query, **variables)
    assert (answer.status_code, "data" in answer.json()) == (400, False), answer.text[:500]
    details = error(answer.json(), 400, "QUERY_LIMIT")["extensions"]["details"]
    assert details["limit"] == limit
    return details["found"]


async def test_depth():
    async with limited(max_depth=4) as (client, _, _):
        await post_task(client)
        fits = "{tasks(limit: 1) {workflowSteps {task {taskId}}}}"
        assert (await send(client, fits)).json().get("errors") is None
        deeper = "{tasks(limit: 1) {workflowSteps {task {workflowSteps {name}}}}}"
        assert await stopped(client, deeper, "depth") == 5
        hidden = """{tasks(limit: 1) {...a}} fragment a on Task {workflowSteps {...b}}
            fragment b on WorkflowStep {... on WorkflowStep {x: task {workflowSteps {name}}}}"""
        assert await stopped(client, hidden, "depth") == 5


async def test_cost_counts_what_lists_multiply():
    query = "query ($n: Int = 50) {tasks(limit: $n) {taskId workflowSteps {name}}}"
    async with limited(max_cost=601) as (client, _, _):
        assert (await send(client, query)).status_code == 200
        assert await stopped(client, query, "cost", n=51) == 1 + 51 * 12
    around = "{parents {children {children {name}}}}"
    async with limited() as (client, _, _):
        for huge in (
            "{tasks(limit: 2000000000) {taskId}}",
            f"{{taskConnection(first: 100) {{nodes {{workflowSteps {around}}}}}}}",
            f"{{tasks(limit: 100) {{workflowSteps @skip(if: true) {around}}}}}",
        ):
            await stopped(client, huge, "cost")


async def test_fragments_within_fragments_are_counted_without_being_written_out():
    many = " ".join(
        f"fragment f{n} on WorkflowStep {{task {{...g{n}}}}}"
        f" fragment g{n} on Task {{a: workflowSteps {{...f{n + 1}}}}}"
        for n in range(30)
    )
    query = f"{{step(taskId: 1, stepId: 1) {{...f0}}}} {many} fragment f30 on WorkflowStep {{name}}"
    twice = " ".join(f"fragment f{n} on Task {{...f{n + 1} ...f{n + 1}}}" for n in range(80))
    flat = f"{{tasks {{...f0}}}} {twice} fragment f80 on Task {{taskId}}"
    root = flat.replace("{tasks {...f0}}", "{...f0}").replace("on Task", "on Query")
    root = root.replace("{taskId}", "{tasks {taskId}}")
    async with limited() as (client, _, _):
        assert await stopped(client, query, "depth") > 50
        for each in (flat, root):
            assert await stopped(client, each, "cost") > 2**80


@pytest.mark.parametrize(
    "query",
    [
        "{tasks {...a}} fragment a on Task {taskId ...a}",
        "{tasks {...a}} fragment a on Task {...b} fragment b on Task {taskId ...a}",
        "{tasks {...a}} fragment a on Task {workflowSteps {task {...a}}}",
        "{...a} fragment a on Query {...b} fragment b on Query {...a}",
    ],
)
async def test_fragments_in_a_circle(query):
    async with limited() as (client, _, _):
        answer = await send(client, query)
        found = error(answer.json(), 400, "INVALID_QUERY")
        assert "Cannot spread fragment" in found["message"]


async def test_aliases_and_fields_that_are_repeated():
    async with limited(max_aliases=5) as (client, _, _):
        fits = " ".join(f"a{n}: tasks(limit: 1) {{taskId}}" for n in range(5))
        assert (await send(client, f"{{{fits}}}")).status_code == 200
        assert await stopped(client, f"{{{fits} a5: tasks {{taskId}}}}", "aliases") == 6
        within = " ".join(f"a{n}: taskId" for n in range(6))
        for query in (
            f"{{tasks {{{within}}}}}",
            f"{{tasks {{...f}}}} fragment f on Task {{{within}}}",
            f"{{tasks {{... {{{within}}}}}}}",
            f"{{tasks {{{'taskId ' * 7}}}}}",
        ):
            assert await stopped(client, query, "aliases") == 6


async def test_text_that_is_long_or_nested_without_end():
    async with limited() as (client, _, _):
        for query in ("{tasks {" + "taskId " * 1_000 + "}}", "{a" * 600, "{" * 5_000, "[" * 2_000):
            answer = await send(client, query)
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["extensions"]["code"] in (
                "QUERY_LIMIT",
                "MALFORMED_QUERY",
            )
        lists = "{tasks(where: {tags: " + "[" * 450 + "]" * 450 + "}) {taskId}}"
        assert (await send(client, lists)).status_code == 400
        deep = b'{"query": "{tasks {taskId}}", "variables": ' + b'{"a":' * 5_000
        answer = await client.post(PATH, content=deep, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "directives", ["@unknown", "@include(if: true) " * 2, "@skip", "@defer", "@stream", "@oneOf"]
)
async def test_directives_that_are_not_known_or_repeated(directives):
    async with limited() as (client, _, _):
        answer = await send(client, f"{{tasks {{taskId {directives}}}}}")
        error(answer.json(), 400, "INVALID_QUERY")


async def test_a_list_of_operations_is_bounded_in_number_and_in_cost():
    one = {"query": "{tasks(limit: 100) {taskId}}"}
    async with limited(max_batch=3, max_cost=250) as (client, _, _):
        answer = await client.post(PATH, json=[one, one])
        assert answer.json() == [{"data": {"tasks": []}}] * 2
        for count in (0, 4, 400):
            answer = await client.post(PATH, json=[one] * count)
            assert answer.status_code == 400
            details = error(answer.json(), 400, "QUERY_LIMIT")["extensions"]["details"]
            assert details["limit"] == "operations"
        *fine, third = (await client.post(PATH, json=[one] * 3)).json()
        assert fine == [{"data": {"tasks": []}}] * 2
        assert error(third, 400, "QUERY_LIMIT")["extensions"]["details"]["limit"] == "cost"
    async with limited(max_batch=1) as (client, _, _):
        assert (await client.post(PATH, json=[one, one])).status_code == 400


async def test_the_schema_is_told_with_what_it_says_of_itself():
    async with limited() as (client, _, _):
        found = (await send(client, get_introspection_query())).json()["data"]["__schema"]
        task = next(each for each in found["types"] if each["name"] == "Task")
        assert task["description"].startswith("A task.")
        assert {each["name"] for each in task["fields"]} >= {"workflowSteps", "namedTask"}
        within = "fields {type {" * 4 + "name" + "}}" * 4
        answer = await send(client, f"{{__schema {{types {{{within}}}}}}}")
        error(answer.json(), 400, "INVALID_QUERY")


@pytest.mark.parametrize(
    "query",
    [
        "{__schema {types {name}}}",
        '{x: __type(name: "Task") {name}}',
        "{...f} fragment f on Query {__schema {queryType {name}}}",
        "{tasks {taskId} ... {__schema {queryType {name}}}}",
        "{__schema @skip(if: true) {queryType {name}}}",
    ],
)
async def test_a_schema_that_is_not_told(query):
    async with limited(introspection=False) as (client, _, _):
        answer = await send(client, query)
        assert answer.status_code == 403
        error(answer.json(), 403, "INTROSPECTION_OFF")


async def test_errors_give_no_hints_of_a_schema_that_is_not_told():
    async with limited(introspection=False) as (client, _, _):
        for query in ("{task {taskId}}", "{taskz {taskId}}", "{tasks(wher: 1) {taskId}}"):
            assert "Did you mean" not in (await send(client, query)).text
        answer = await send(client, "{tasks {__typename}}")
        assert answer.json() == {"data": {"tasks": []}}
    async with limited() as (client, _, _):
        assert "Did you mean" in (await send(client, "{taskz {taskId}}")).text
