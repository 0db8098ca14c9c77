"""Permissions under conditions, who asks and what they may do, and who did what."""

import logging

import pytest

from tasker import define
from tasker.server import AuthConfig, ServerConfigError, SidecarConfig, TaskerApp
from tasker.server.access.caller import Caller, Policy
from tasker.server.access.protocols import User
from tasker.server.access.roles import Grant, RoleCoordinator
from tests.server.inside import application
from tests.server.routes import ABSENT
from tests.server.serving import problem
from tests.server.test_access import ByName

shop = define("work", namespace="shop")
bank = define("work", namespace="bank")


@shop.step
async def sell():
    return None


@bank.step
async def pay():
    return None


class ByRole(ByName):
    """Takes X-Name for who asks, and X-Role for the only role."""

    async def authenticate(self, credentials):
        user = await super().authenticate(credentials)
        return User(user_id=user.user_id, roles=(credentials.headers.get("x-role", ""),))


ROLES: dict[str, list[str | Grant]] = {
    "admin": ["*"],
    "shopkeeper": [Grant(allow=("*",), namespaces=("shop",))],
    "owner": ["*:index", Grant(allow=("tasker.task:*",), own=True)],
    "both": [Grant(allow=("tasker.task:*", "tasker.analytics:*"), namespaces=("shop",), own=True)],
    "mine": [Grant(allow=("*",), own=True)],
    "either": [
        Grant(allow=("tasker.task:show",), namespaces=("shop",)),
        Grant(allow=("tasker.task:show",), own=True),
    ],
}


def granted():
    config = SidecarConfig(auth=AuthConfig(roles=ROLES))
    return application([shop, bank], config=config, authenticator=ByRole())


def of(name, role):
    return {"X-Name": name, "X-Role": role}


ADMIN = of("root", "admin")


async def create(client, namespace, headers, **more):
    return await client.post(
        "/tasks", json={"name": "work", "namespace": namespace, **more}, headers=headers
    )


async def created(client, namespace, headers=ADMIN, **more):
    answer = await create(client, namespace, headers, **more)
    assert answer.status_code == 201, answer.text
    return f"/tasks/{answer.json()['task_id']}"


async def test_a_grant_for_a_namespace_holds_in_it_alone():
    keeper = of("ann", "shopkeeper")
    async with granted() as (client, _, _):
        here, there = await created(client, "shop"), await created(client, "bank")
        assert (await client.get(here, headers=keeper)).status_code == 200
        assert (await create(client, "shop", keeper)).status_code == 201
        problem(await create(client, "bank", keeper), 403, "AUTHORIZATION_FAILED")
        for path in (there, f"{there}?namespace=shop", f"{there}/events", f"/tasks/{ABSENT}"):
            problem(await client.get(path, headers=keeper), 403, "AUTHORIZATION_FAILED")
        problem(await client.delete(there, headers=keeper), 403, "AUTHORIZATION_FAILED")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tasks?namespace=shop", 200),
        ("/handlers/shop", 200),
        ("/handlers/shop/work", 200),
        ("/analytics/performance?namespace=shop", 200),
        ("/audit?namespace=shop", 200),
        ("/tasks", 403),
        ("/tasks?namespace=bank", 403),
        ("/tasks?namespace=shop&namespace=bank", 403),
        ("/tasks?namespace=bank&namespace=shop", 403),
        ("/tasks?namespace=shop%00", 403),
        ("/tasks?Namespace=shop", 403),
        ("/handlers/bank", 403),
        ("/handlers/bank?namespace=shop", 403),
        ("/handlers/bank/work?namespace=shop", 403),
        ("/analytics/performance", 403),
        ("/audit", 403),
        # No namespace is chosen there, whatever is asked for.
        ("/handlers?namespace=shop", 403),
        ("/metrics?namespace=shop", 403),
        ("/health/status?namespace=shop", 403),
        ("/events/stream?namespace=shop", 403),
        ("/annotation_types?namespace=shop", 403),
    ],
)
async def test_lists_of_a_namespace_have_to_be_asked_for_as_that(path, status):
    async with granted() as (client, _, _):
        answer = await client.get(path, headers=of("ann", "shopkeeper"))
        assert answer.status_code == status, answer.text
        if path.startswith("/tasks?namespace=shop") and status == 200:
            await created(client, "bank")
            listed = (await client.get(path, headers=of("ann", "shopkeeper"))).json()
            assert listed["pagination"]["total_count"] == 0


async def test_own_tasks_are_those_one_asked_for():
    ann, bob = of("ann", "owner"), of("bob", "owner")
    async with granted() as (client, _, _):
        path = await created(client, "shop", ann)
        assert (await client.get(path, headers=ann)).status_code == 200
        problem(await client.get(path, headers=bob), 403, "AUTHORIZATION_FAILED")
        problem(await client.delete(path, headers=bob), 403, "AUTHORIZATION_FAILED")
        # Nobody asks in another's name, and so nobody gets a task of another.
        problem(await create(client, "shop", bob, initiator="ann"), 403, "AUTHORIZATION_FAILED")


@pytest.mark.parametrize("path", ["/tasks", "/analytics/statistics"])
async def test_a_list_has_ones_own_tasks_where_one_may_have_no_others(path):
    def count(body):
        if "pagination" in body:
            return body["pagination"]["total_count"]
        return body["statistics"]["tasks"]["created"]

    async with granted() as (client, _, _):
        for name, namespace in (("ann", "shop"), ("ann", "bank"), ("bob", "shop")):
            await created(client, namespace, initiator=name)
        asked = {
            "": {"admin": 3, "mine": 2, "both": 403},
            "?namespace=shop": {"admin": 2, "mine": 1, "both": 1, "shopkeeper": 2},
            "?namespace=bank": {"admin": 1, "mine": 1, "both": 403},
            "?initiator=ann": {"admin": 2, "mine": 2, "both": 403, "shopkeeper": 403},
            "?initiator=bob": {"admin": 1, "mine": 403},
            "?initiator=": {"admin": 0, "mine": 403},
            "?initiator=bob&initiator=ann": {"mine": 403},
            "?initiator=ann&initiator=bob": {"mine": 403},
            "?Initiator=bob": {"mine": 2},
            "?initiator=ann&namespace=shop": {"both": 1, "shopkeeper": 1},
            "?initiator=bob&namespace=shop": {"both": 403, "shopkeeper": 1},
        }
        for query, wanted in asked.items():
            for role, expected in wanted.items():
                answer = await client.get(f"{path}{query}", headers=of("ann", role))
                found = 403 if answer.status_code == 403 else count(answer.json())
                assert found == expected, (query, role, answer.text)
        # What is not chosen by the initiator is not narrowed by it.
        for other in ("/audit", "/events/stream", "/handlers"):
            answer = await client.get(f"{other}?initiator=ann", headers=of("ann", "mine"))
            problem(answer, 403, "AUTHORIZATION_FAILED")


async def test_figures_are_of_ones_own_tasks_where_one_may_have_no_others():
    async with granted() as (client, engine, _):
        for name in ("ann", "ann", "bob"):
            path = await created(client, "shop", initiator=name)
            await engine.wait(path.rpartition("/")[2])
        for role, tasks in (("admin", 3), ("mine", 2)):
            ann = of("ann", role)
            bottlenecks = (await client.get("/analytics/bottlenecks", headers=ann)).json()
            assert bottlenecks["statistics"]["tasks"]["created"] == tasks
            performance = (await client.get("/analytics/performance", headers=ann)).json()
            assert performance["performance"]["windows"][0]["created"] == tasks
            activity = (await client.get("/analytics/activity", headers=ann)).json()
            assert sum(each["created"] for each in activity["activity"]["slices"]) == tasks


async def test_an_idempotency_key_does_not_tell_of_anothers_task():
    ann, bob = of("ann", "owner"), of("bob", "owner")
    async with granted() as (client, _, _):
        key = {"Idempotency-Key": "k"}
        await created(client, "shop", {**ann, **key})
        assert (await create(client, "shop", {**ann, **key})).status_code == 200
        problem(await create(client, "shop", {**bob, **key}), 403, "AUTHORIZATION_FAILED")
        body = {"tasks": [{"name": "work", "namespace": "shop", "idempotency_key": "k"}]}
        outcome = (await client.post("/tasks/bulk", json=body, headers=bob)).json()["outcomes"][0]
        assert (outcome["status"], outcome["task_id"]) == (403, None)


async def test_conditions_of_one_grant_hold_together_and_grants_each_by_itself():
    async with granted() as (client, _, _):
        mine = await created(client, "bank", initiator="ann")
        shops = await created(client, "shop")
        for path, role, status in (
            (mine, "both", 403),
            (shops, "both", 403),
            (mine, "either", 200),
            (shops, "either", 200),
        ):
            assert (await client.get(path, headers=of("ann", role))).status_code == status


async def test_each_task_of_a_bulk_request_is_taken_or_refused():
    async with granted() as (client, _, _):
        body = {"tasks": [{"name": "work", "namespace": each} for each in ("shop", "bank")]}
        answer = await client.post("/tasks/bulk", json=body, headers=of("ann", "shopkeeper"))
        assert [each["status"] for each in answer.json()["outcomes"]] == [201, 403]
        listed = (await client.get("/tasks", headers=ADMIN)).json()
        assert listed["pagination"]["total_count"] == 1


async def test_everybody_can_ask_what_they_may_do():
    async with granted() as (client, _, _):
        path = await created(client, "shop", of("ann", "owner"))
        task_id = path.rpartition("/")[2]
        me = (await client.get("/me", headers=ADMIN)).json()
        assert (me["user_id"], me["roles"]) == ("root", ["admin"])
        assert "tasker.audit:read" in me["permissions"]
        keeper = of("ann", "shopkeeper")
        problem(await client.get("/me", headers=keeper), 403, "AUTHORIZATION_FAILED")
        here = (await client.get("/me?namespace=shop", headers=keeper)).json()
        assert "tasker.task:cancel" in here["permissions"]
        await _roles_of_default(task_id)


async def _roles_of_default(task_id):
    async with application(authenticator=ByRole()) as (client, _, _):
        viewer = (await client.get("/me", headers=of("v", "viewer"))).json()["permissions"]
        assert all(each.endswith((":index", ":show")) for each in viewer)
        submitter = (await client.get("/me", headers=of("s", "submitter"))).json()["permissions"]
        assert "tasker.task:create" in submitter
        assert "tasker.task:cancel" not in submitter
        problem(await client.get("/me", headers=of("x", "none")), 403, "AUTHORIZATION_FAILED")


async def _nothing(task_id):
    return None


async def test_a_permission_that_does_not_exist_nobody_has():
    policy = Policy(coordinator=RoleCoordinator(), open=(), find=_nothing)
    caller = Caller(User(user_id="ann", roles=("admin",)), policy=policy)
    assert await caller.can("tasker.task:cancel")
    assert not await caller.can("tasker.task:destroy")
    assert not await caller.can("tasker.task")
    assert not await caller.can("*")
    assert not await Caller(None, policy=policy).can("tasker.task:cancel")


def test_a_grant_that_cannot_be_stops_the_start(tmp_path):
    from tasker import Engine
    from tasker.server.settings import load_settings

    file = tmp_path / "server.yaml"
    file.write_text(
        "auth:\n  roles:\n    shop:\n      - tasker.task:show\n"
        "      - {allow: ['tasker.task:*'], namespaces: [shop], own: true}\n"
    )
    assert load_settings(file, environ={}).auth.roles["shop"][1] == Grant(
        allow=("tasker.task:*",), namespaces=("shop",), own=True
    )
    roles = {"TASKER_SERVER_AUTH_ROLES": "{a: ['*:show', {allow: ['tasker.task:*'], own: true}]}"}
    assert load_settings(environ=roles).auth.roles["a"] == [
        "*:show",
        Grant(allow=("tasker.task:*",), own=True),
    ]
    for text in ("{a: [{allow: ['*'], owned: true}]}", "{a: [{namespaces: [x]}]}", "{", "a"):
        with pytest.raises(ServerConfigError, match="TASKER_SERVER_AUTH_ROLES"):
            load_settings(environ={"TASKER_SERVER_AUTH_ROLES": text})
    with pytest.raises(ServerConfigError, match="covers no permission"):
        TaskerApp(
            Engine.open("memory://"),
            SidecarConfig(auth=AuthConfig(roles={"a": [Grant(allow=("tasker.task:destroy",))]})),
        )


async def test_who_did_what_is_kept_with_what_it_changed():
    ann, bob = of("ann", "admin"), of("bob", "admin")
    async with granted() as (client, engine, _):
        path = await created(client, "shop", ann, initiator="a customer")
        task_id = path.rpartition("/")[2]
        await engine.wait(task_id)
        await client.patch(path, json={"tags": ["a"]}, headers=bob)
        await client.post(
            f"{path}/annotations", json={"type": "note", "annotation": {"a": 1}}, headers=ann
        )
        problem(
            await client.post(f"{path}/pause", json={"reason": "no"}, headers=bob),
            409,
            "INVALID_STATE",
        )
        page = (await client.get("/audit", headers=ADMIN)).json()
        # What was refused was not done.
        assert [(each["by"], each["operation"]) for each in page["actions"]] == [
            ("ann", "annotate"),
            ("bob", "update_task"),
            ("ann", "create"),
        ]
        assert {each["task_id"] for each in page["actions"]} == {task_id}
        assert page["next_cursor"] is None
        first = (await client.get("/audit?per_page=1", headers=ADMIN)).json()
        rest = (await client.get(f"/audit?cursor={first['next_cursor']}", headers=ADMIN)).json()
        assert first["actions"] + rest["actions"] == page["actions"]
        for query, count in (
            ("by=bob", 1),
            ("operation=create", 1),
            (f"task_id={ABSENT}", 0),
            ("namespace=bank", 0),
            ("at_from=2100-01-01T00:00:00Z", 0),
            ("at_until=2100-01-01T00:00:00Z", 3),
        ):
            found = (await client.get(f"/audit?{query}", headers=ADMIN)).json()
            assert len(found["actions"]) == count, query
        problem(
            await client.get("/audit?at_from=2100-01-01T00:00:00", headers=ADMIN),
            422,
            "INVALID_REQUEST",
        )


async def test_whoever_sees_every_list_does_not_see_who_did_what():
    async with application(authenticator=ByRole()) as (client, _, _):
        for role in ("viewer", "operator", "submitter"):
            answer = await client.get("/audit", headers=of("v", role))
            problem(answer, 403, "AUTHORIZATION_FAILED")


async def test_what_is_refused_is_in_the_log(caplog):
    caplog.set_level(logging.WARNING, logger="tasker.audit")
    async with granted() as (client, _, _):
        await client.get("/tasks/a%0Aforged%20line", headers=of("eve", "none"))
        await client.get("/tasks")
    lines = [record.getMessage() for record in caplog.records if record.name == "tasker.audit"]
    assert len(lines) == 2
    assert "'eve'" in lines[0]
    assert "tasker.task:show" in lines[0]
    assert not any("\n" in line for line in lines)
    assert "None" in lines[1]
    assert "GET /tasks" in lines[1]
