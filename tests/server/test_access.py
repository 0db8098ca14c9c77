"""Who may do what: every route, with every kind of caller."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import anyio
import httpx
import pytest

from tasker import Engine
from tasker.server import (
    AuthConfig,
    AuthenticationError,
    ServerConfigError,
    SidecarConfig,
    TaskerApp,
    User,
)
from tasker.server.access.protocols import RequestScoped
from tasker.server.access.roles import DEFAULT_ROLES
from tasker.server.access.tokens import TokenFile
from tasker.server.permissions import EACH_PART, PUBLIC, all_permissions, exists, matches
from tests.cli.command import ROOT, process
from tests.server.inside import application, post_task
from tests.server.routes import ABSENT, GUARDED, ROUTES
from tests.server.serving import REPORT, problem, served

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class ByName(RequestScoped):
    """Takes the header X-Name for who asks; waits, so that requests overlap."""

    def __init__(self, roles=("admin",), delay=None):
        self.roles = roles
        self.delay = delay

    async def authenticate(self, credentials):
        name = credentials.headers.get("x-name")
        if name is None:
            raise AuthenticationError(reason="no name")
        if self.delay is not None:
            await self.delay(name)
        return User(user_id=name, roles=self.roles)

    def validate_configuration(self):
        return ()


class OnlyThese:
    """Allows some permissions, and keeps what it was asked."""

    def __init__(self, *permissions):
        self.permissions = permissions
        self.asked = []

    async def allows(self, user, permission, context):
        self.asked.append((user.user_id, permission, dict(context)))
        return permission in self.permissions

    def validate_configuration(self):
        return ()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server with tokens, and the tokens of an admin, of nobody, and an old one."""
    folder = tmp_path_factory.mktemp("guarded")
    file = TokenFile(folder / "tokens.json")
    tokens = {
        "admin": file.create("admin", ["admin"], expires_at=None, now=NOW),
        "nobody": file.create("nobody", ["no-such-role"], expires_at=None, now=NOW),
        "viewer": file.create("viewer", ["viewer"], expires_at=None, now=NOW),
        "submitter": file.create("submitter", ["submitter"], expires_at=None, now=NOW),
        "old": file.create("old", ["admin"], expires_at=NOW + timedelta(days=1), now=NOW),
    }
    with served(folder, "--tokens", file.path) as server:
        yield server, tokens, file


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_every_route_names_a_permission_that_there_is():
    assert len(GUARDED) > 30
    for method, path, permission in ROUTES:
        known = permission in (PUBLIC, EACH_PART) or exists(permission or "")
        assert known, (method, path)
    public = {path for _, path, permission in ROUTES if permission == PUBLIC}
    page = {"/dashboard", "/dashboard/assets/version/file"}
    assert public == {"/health/live", "/health/ready", *page}
    asks_by_itself = {path for _, path, permission in ROUTES if permission == EACH_PART}
    assert asks_by_itself == {"/graphql"}
    assert {each[2] for each in GUARDED} == set(all_permissions())


@pytest.mark.parametrize(("method", "path", "permission"), GUARDED)
def test_each_route_with_each_kind_of_caller(method, path, permission, guarded):
    server, tokens, _ = guarded
    path = path.replace("task_id", ABSENT)
    for headers in ({}, bearer("tsk_wrong"), {"X-API-Token": "x"}, {"Authorization": "Basic YQ=="}):
        answer = server.client.request(method, path, headers=headers)
        problem(answer, 401, "AUTHENTICATION_FAILED")
        assert answer.headers["www-authenticate"] == "Bearer"
    expired = server.client.request(method, path, headers=bearer(tokens["old"]))
    assert "expired" in problem(expired, 401, "AUTHENTICATION_FAILED")["detail"]
    without = server.client.request(method, path, headers=bearer(tokens["nobody"]))
    found = problem(without, 403, "AUTHORIZATION_FAILED")
    assert found["details"] == {"permission": permission}
    if path == "/events/stream":
        with server.client.stream(method, path, headers=bearer(tokens["admin"])) as stream:
            assert stream.status_code == 200
        return
    right = server.client.request(method, path, headers=bearer(tokens["admin"]))
    assert right.status_code not in (401, 403)


def test_roles_allow_what_they_name_and_no_more(guarded):
    server, tokens, _ = guarded
    made = server.post("/tasks", REPORT, headers=bearer(tokens["submitter"]))
    path = f"/tasks/{made.json()['task_id']}"
    assert made.json()["initiator"] == "submitter"
    assert server.get(path, headers={"X-API-Token": tokens["submitter"]}).status_code == 200
    problem(server.get("/tasks", headers=bearer(tokens["submitter"])), 403, "AUTHORIZATION_FAILED")
    viewer = bearer(tokens["viewer"])
    assert server.get("/tasks", headers=viewer).status_code == 200
    for method in ("DELETE", "PATCH"):
        answer = server.client.request(method, path, headers=viewer, json={"tags": []})
        problem(answer, 403, "AUTHORIZATION_FAILED")


def test_a_token_that_is_revoked_is_refused_at_once(guarded):
    server, _, file = guarded
    token = file.create("brief", ["viewer"], expires_at=None, now=NOW)
    assert server.get("/tasks", headers=bearer(token)).status_code == 200
    file.revoke("brief")
    problem(server.get("/tasks", headers=bearer(token)), 401, "AUTHENTICATION_FAILED")


def test_tokens_are_made_once_and_kept_as_hashes(tmp_path):
    file = tmp_path / "tokens.json"
    made = process("tokens", "create", "ci", "--role", "viewer", "--file", file, cwd=ROOT)
    token = made.out.strip()
    assert token.startswith("tsk_")
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    again = process("tokens", "create", "ci", "--role", "viewer", "--file", file, cwd=ROOT)
    assert (again.code, "there is a token 'ci'" in again.err) == (2, True)
    listed = json.loads(process("tokens", "list", "--json", "--file", file, cwd=ROOT).out)
    assert [(each["name"], each["roles"]) for each in listed] == [("ci", ["viewer"])]
    process("tokens", "revoke", "ci", "--file", file, cwd=ROOT)
    assert json.loads(file.read_text()) == []


async def test_two_users_at_once_never_see_each_others_identity():
    both = anyio.Event()
    inside = set()

    async def until_both(name):
        inside.add(name)
        if len(inside) == 20:
            both.set()
        await both.wait()

    authenticator = ByName(delay=until_both)
    seen = {}
    async with application(authenticator=authenticator) as (client, _, _):

        async def ask(name):
            answer = await client.post("/tasks", json={"name": "work"}, headers={"X-Name": name})
            seen[name] = answer.json()["initiator"]

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(ask, f"user-{number}")
        problem(await client.get("/tasks"), 401, "AUTHENTICATION_FAILED")
    assert seen == {name: name for name in inside}


async def test_a_host_that_shares_a_state_between_requests_shares_no_identity():
    shared: dict[str, object] = {}

    def careless(app):
        async def wrapped(scope, receive, send):
            await app({**scope, "state": shared}, receive, send)

        return wrapped

    async with application(authenticator=ByName(), wrap=careless) as (client, _, _):
        for name in ("ann", "bob"):
            made = await client.post("/tasks", json={"name": "work"}, headers={"X-Name": name})
            assert made.json()["initiator"] == name
        problem(await client.get("/tasks"), 401, "AUTHENTICATION_FAILED")


async def test_a_coordinator_is_asked_about_the_task():
    coordinator = OnlyThese("tasker.task:show")
    async with application(authenticator=ByName(), coordinator=coordinator) as (client, _, _):
        headers = {"X-Name": "ann"}
        problem(await client.get(f"/tasks/{ABSENT}", headers=headers), 404, "TASK_NOT_FOUND")
        problem(
            await client.delete(f"/tasks/{ABSENT}", headers=headers), 403, "AUTHORIZATION_FAILED"
        )
    assert coordinator.asked == [
        ("ann", "tasker.task:show", {"task_id": ABSENT}),
        ("ann", "tasker.task:cancel", {"task_id": ABSENT}),
    ]


async def test_what_is_open_needs_no_name_and_nothing_else_is():
    config = SidecarConfig(auth=AuthConfig(open=("tasker.metrics:index",)))
    parts = {"authenticator": ByName(), "config": config}
    async with application(**parts) as (client, _, _):
        assert (await client.get("/metrics")).status_code == 200
        problem(await client.get("/analytics/performance"), 401, "AUTHENTICATION_FAILED")


async def test_everybody_can_have_fewer_roles():
    config = SidecarConfig(auth=AuthConfig(anonymous_roles=("viewer",)))
    async with application(config=config) as (client, _, _):
        assert (await client.get("/tasks")).status_code == 200
        problem(await post_task(client), 403, "AUTHORIZATION_FAILED")


async def test_ways_around_the_guard_are_none():
    coordinator = OnlyThese("tasker.task:index")
    async with application(authenticator=ByName(), coordinator=coordinator) as (client, _, _):
        headers = {"X-Name": "ann"}
        for path in (
            *(f"//tasks//{ABSENT}", f"/tasks/{ABSENT}/", f"/tasks/x/../{ABSENT}"),
            *(f"/tasks/{ABSENT}%2fcancel", f"/TASKS/{ABSENT}", "/tasks/%2e%2e/metrics"),
        ):
            answer = await client.request("GET", path, headers=headers)
            assert answer.status_code in (403, 404, 405), path
        override = {**headers, "X-HTTP-Method-Override": "DELETE"}
        assert (await client.get("/tasks", headers=override)).status_code == 200
        assert (await client.head("/tasks", headers=headers)).status_code == 200
        assert (await client.head("/audit", headers=headers)).status_code == 403
        assert (await client.head("/tasks")).status_code == 401


def refused(**auth):
    with pytest.raises(ServerConfigError) as caught:
        TaskerApp(Engine.open("memory://"), SidecarConfig(auth=AuthConfig(**auth)))
    return caught.value.problems


def test_settings_that_cannot_be_stop_the_start(tmp_path):
    absent = str(tmp_path / "none.json")
    assert any("tasks:show" in each for each in refused(open=("tasks:show",)))
    assert any("tokens_file is missing" in each for each in refused(authenticator="tokens"))
    assert any(
        "has no token" in each for each in refused(authenticator="tokens", tokens_file=absent)
    )
    assert any("covers no permission" in each for each in refused(roles={"a": ["tasks:*"]}))
    assert any("no_such" in each for each in refused(authenticator="no_such.module:Class"))
    lacking = refused(authenticator="tests.server.test_access:OnlyThese")
    assert any("lacks authenticate, current_user" in each for each in lacking)
    # All at once.
    assert len(refused(authenticator="tokens", open=("a:b",), roles={"a": ["x"]})) == 3


def test_patterns_cover_whole_parts():
    assert matches("*", "tasker.task:show")
    assert matches("tasker.task:*", "tasker.task:show")
    assert matches("*:show", "tasker.task:show")
    assert not matches("tasker:*", "tasker.task:show")
    assert not matches("tasker.task", "tasker.task:show")
    assert not matches("", "tasker.task:show")
    shown = {name: set(patterns) for name, patterns in DEFAULT_ROLES.items()}
    assert shown["viewer"] == {"*:index", "*:show"}


def test_a_body_is_not_looked_at_before_who_asks_is_known(guarded):
    server, tokens, _ = guarded
    headers = {"Content-Type": "application/json"}
    answer = server.client.post("/tasks", content=b"{", headers=headers)
    problem(answer, 401, "AUTHENTICATION_FAILED")
    answer = server.client.post("/tasks", content=b"{", headers=headers | bearer(tokens["viewer"]))
    problem(answer, 403, "AUTHORIZATION_FAILED")


def test_ids_of_correlation_are_not_mixed_up(guarded):
    server, _, _ = guarded
    ids = [str(uuid.uuid4()) for _ in range(5)]
    with httpx.Client(base_url=server.url) as client:
        for each in ids:
            answer = client.get("/tasks", headers={"X-Correlation-ID": each})
            assert answer.headers["x-correlation-id"] == each


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("LOCALHOST", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("localhost.evil.example", 421),
    ],
)
def test_on_loopback_only_loopback_is_a_name_of_the_server(server, host, status):
    answer = server.get("/health/live", headers={"Host": host})
    assert answer.status_code == status
    if status == 421:
        problem(answer, 421, "MISDIRECTED_REQUEST")


def test_with_authentication_any_name_will_do(guarded):
    server, _, _ = guarded
    assert server.get("/health/live", headers={"Host": "shop.example"}).status_code == 200
