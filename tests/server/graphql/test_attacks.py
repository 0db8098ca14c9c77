"""A real server that is asked for too much, or by two at once."""

import anyio
import pytest

from tasker import Engine
from tasker.server import ServerConfigError, SidecarConfig, TaskerApp
from tasker.server.graphql import config as graphql_config
from tasker.server.graphql.config import GraphQLConfig
from tasker.server.settings import load_settings
from tests.server.graphql.asking import PATH, data
from tests.server.inside import application
from tests.server.test_access import ByName

ATTACKS = {
    "a circle": "{tasks {...a}} fragment a on Task {workflowSteps {task {...a}}}",
    "aliases": "{" + " ".join(f"a{n}: tasks {{taskId}}" for n in range(50)) + "}",
    "the same again": "{tasks {" + "taskId " * 200 + "}}",
    "depth": "{tasks {" + "workflowSteps {task {" * 30 + "taskId" + "}}" * 30 + "}}",
    "brackets": "{" * 50_000,
    "values": "{tasks(where: {tags: " + "[" * 20_000,
    "length": "{tasks {taskId " + "#\n" * 75_000,
    "directives": "{tasks {taskId " + "@include(if: true) " * 150 + "}}",
    "a large page": "{tasks(limit: 2147483647) {taskId workflowSteps {name}}}",
    "a schema without end": "{__schema {types {" + "fields {type {" * 9 + "name" + "}}" * 9 + "}}}",
    "fragments": "{...f0} "
    + " ".join(f"fragment f{n} on Query {{...f{n + 1} ...f{n + 1}}}" for n in range(60))
    + " fragment f60 on Query {tasks {taskId}}",
    "in place": "{" + "... {tasks {workflowSteps {parents {name}}}} " * 70 + "}",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_and_the_server_goes_on(server, attack):
    query = ATTACKS[attack]
    one = server.post(PATH, {"query": query})
    assert (one.status_code, "data" in one.json()) == (400, False), one.text[:300]
    # Not so many that the body alone is refused for its size.
    for answer in server.post(PATH, [{"query": query}] * 5).json():
        assert set(answer) == {"errors"}
    assert data(server, "{tasks(limit: 1) {__typename}}")


async def test_a_request_never_has_the_user_of_another():
    arrived = []
    both = anyio.Event()

    async def meet(name):
        arrived.append(name)
        if len(arrived) == 2:
            both.set()
        await both.wait()

    create = """mutation {createTask(input: {name: "work", context: {}}) {task {taskId}}}"""
    async with application(authenticator=ByName(delay=meet)) as (client, engine, _):
        made = {}

        async def ask(name):
            headers = {"X-Name": name}
            answer = await client.post(PATH, json={"query": create}, headers=headers)
            made[name] = answer.json()["data"]["createTask"]["task"]["taskId"]

        async with anyio.create_task_group() as group:
            group.start_soon(ask, "ann")
            group.start_soon(ask, "bob")
        for name, task_id in made.items():
            assert (await engine.get(task_id)).initiator == name


async def test_where_it_is_turned_off_there_is_nothing():
    config = SidecarConfig(graphql=GraphQLConfig(enabled=False))
    async with application(config=config) as (client, _, _):
        assert (await client.post(PATH, json={"query": "{tasks {taskId}}"})).status_code == 404


def test_without_its_extra_it_is_left_out_unless_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(graphql_config, "is_installed", lambda: False)
    TaskerApp(Engine.open("memory://"))
    with pytest.raises(ServerConfigError, match=r"graphql.enabled.*tasker-engine\[graphql\]"):
        TaskerApp(Engine.open("memory://"), SidecarConfig(graphql=GraphQLConfig(enabled=True)))


def test_its_settings_are_checked_with_the_others():
    environ = {
        "TASKER_SERVER_GRAPHQL_INTROSPECTION": "false",
        "TASKER_SERVER_GRAPHQL_ENABLED": "true",
        "TASKER_SERVER_GRAPHQL_MAX_COST": "50",
    }
    found = load_settings(environ=environ).graphql
    assert (found.introspection, found.enabled, found.max_cost) == (False, True, 50)
    with pytest.raises(ServerConfigError) as refused:
        load_settings(
            environ={
                "TASKER_SERVER_GRAPHQL_MAX_DEPTH": "0",
                "TASKER_SERVER_GRAPHQL_MAX_WIDTH": "3",
            }
        )
    assert "graphql.max_depth is 0" in str(refused.value)
    assert "TASKER_SERVER_GRAPHQL_MAX_WIDTH: there is no such setting" in str(refused.value)
