"""Operations over a WebSocket of a real server, subscriptions among them."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import yaml
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tasker.server.access.tokens import TokenFile
from tests.server.graphql.asking import error
from tests.server.serving import REPORT, served

PROTOCOL = "graphql-transport-ws"
CHANGES = "subscription ($id: ID!) { taskChanged(taskId: $id) { status seq %s } }"


class Talk:
    """A client of the protocol."""

    def __init__(self, socket):
        self.socket = socket

    def say(self, type, **more):
        self.socket.send(json.dumps({"type": type, **more}))

    def hear(self, type=None):
        message = json.loads(self.socket.recv(timeout=20))
        assert type in (None, message["type"]), message
        return message

    def subscribe(self, name, query, **variables):
        self.say("subscribe", id=name, payload={"query": query, "variables": variables})

    def closed(self):
        """Return the code with which the server ends it."""
        with pytest.raises(ConnectionClosed) as told:
            self._hear_all()
        assert told.value.rcvd is not None
        return told.value.rcvd.code

    def _hear_all(self):
        while True:
            self.socket.recv(timeout=20)


@contextmanager
def opened(server, *, begin=True, payload=None, subprotocols=(PROTOCOL,), **options):
    url = server.url.replace("http://", "ws://") + "/graphql"
    with connect(url, subprotocols=list(subprotocols) or None, **options) as socket:
        talk = Talk(socket)
        if begin:
            talk.say("connection_init", payload=payload)
            talk.hear("connection_ack")
        yield talk


def test_a_task_is_followed_until_it_is_at_rest(server):
    task, gate = server.running_task()
    with opened(server) as talk:
        talk.subscribe("1", CHANGES % "workflowSteps { name status }", id=task["task_id"])
        first = talk.hear("next")
        assert first["id"] == "1"
        shown = first["payload"]["data"]["taskChanged"]
        assert shown["status"] == "in_progress"
        assert shown["workflowSteps"][0] == {"name": "validate", "status": "in_progress"}
        gate.touch()
        seen = [shown]
        while (message := talk.hear())["type"] == "next":
            seen.append(message["payload"]["data"]["taskChanged"])
        assert message == {"type": "complete", "id": "1"}
    assert seen[-1]["status"] == "complete"
    # Each time it is read anew.
    assert {step["status"] for step in seen[-1]["workflowSteps"]} == {"complete"}
    assert [each["seq"] for each in seen] == sorted({each["seq"] for each in seen})


def test_events_are_followed_and_given_up(server):
    with opened(server) as talk:
        query = "subscription ($n: [String!]) { events(names: $n) { name taskId data } }"
        talk.subscribe("all", query, n=["task.completed"])
        # Answered one after the other: once this one is, that one listens.
        task = server.task(REPORT)
        event = talk.hear("next")["payload"]["data"]["events"]
        assert (event["name"], event["taskId"]) == ("task.completed", task["task_id"])
        assert event["data"]["namespace"] == "office"
        talk.say("complete", id="all")
        talk.subscribe("all", "{ tasks(limit: 1) { taskId } }")
        assert talk.hear("next")["id"] == "all"
        assert talk.hear("complete")["id"] == "all"


def test_queries_and_mutations_are_answered_too(server):
    with opened(server) as talk:
        create = """mutation { createTask(input: {name: "report", namespace: "office",
            context: {}}) { task { taskId correlationId } errors { code } } }"""
        talk.subscribe("m", create)
        made = talk.hear("next")["payload"]["data"]["createTask"]["task"]
        assert made["correlationId"]
        talk.hear("complete")
        assert server.get(f"/tasks/{made['taskId']}").status_code == 200
        talk.say("ping")
        talk.hear("pong")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("{ tasks { nothing } }", 400, "INVALID_QUERY"),
        ("{", 400, "MALFORMED_QUERY"),
        (
            "subscription { taskChanged(taskId: 1) { taskId } events { name } }",
            400,
            "INVALID_QUERY",
        ),
        ('subscription { taskChanged(taskId: "nowhere") { taskId } }', 404, "TASK_NOT_FOUND"),
        ('subscription { events(names: ["task.nothing"]) { name } }', 422, "INVALID_REQUEST"),
        ("{ tasks(limit: 100000) { taskId } }", 400, "QUERY_LIMIT"),
    ],
)
def test_what_is_refused_ends_that_operation_alone(server, query, status, code):
    with opened(server) as talk:
        talk.subscribe("x", query)
        error({"errors": talk.hear("error")["payload"]}, status, code)
        talk.subscribe("x", "{ tasks(limit: 1) { taskId } }")
        talk.hear("next")


def test_the_protocol_is_kept(server):
    query = "subscription { events { name } }"
    with opened(server, begin=False, subprotocols=()) as talk:
        assert talk.closed() == 4406
    with opened(server, begin=False) as talk:
        talk.subscribe("1", query)
        assert talk.closed() == 4401
    with opened(server) as talk:
        talk.say("connection_init")
        assert talk.closed() == 4429
    with opened(server) as talk:
        talk.subscribe("1", query)
        talk.subscribe("1", query)
        assert talk.closed() == 4409
    for wrong in (
        "nothing",
        "[]",
        '{"type": 1}',
        '{"type": "what"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        "[" * 5_000,
    ):
        with opened(server) as talk:
            talk.socket.send(wrong)
            assert talk.closed() == 4400, wrong


def test_a_page_of_another_site_gets_no_connection(server):
    with opened(server, begin=False, origin="https://evil.example") as talk:
        assert talk.closed() == 4403
    host = server.url.partition("//")[2].partition("/")[0]
    with opened(server, origin=f"http://{host}") as talk:
        talk.say("ping")
        talk.hear("pong")
    with (
        pytest.raises(InvalidStatus),
        opened(server, begin=False, additional_headers={"Sec-Fetch-Site": "cross-site"}),
    ):
        pass


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A server with tokens and small limits, and the tokens of some users by role."""
    folder = tmp_path_factory.mktemp("strict")
    tokens = TokenFile(folder / "tokens.yml")
    config = folder / "server.yml"
    config.write_text(
        yaml.safe_dump(
            {
                "auth": {
                    "authenticator": "tokens",
                    "tokens_file": str(folder / "tokens.yml"),
                    "roles": {
                        "admin": ["*"],
                        "viewer": ["tasker.task:show"],
                        "steps": ["tasker.task:show", "tasker.workflow_step:index"],
                    },
                },
                "graphql": {"max_subscriptions": 2, "init_seconds": 0.5},
            }
        )
    )
    made = {role: token_of(tokens, role) for role in ("admin", "viewer", "steps")}
    with served(folder, "--config", config) as running:
        yield running, made


def token_of(file, name, role=None):
    """Make a token of a role, that of its name unless told otherwise."""
    return file.create(name, [role or name], expires_at=None, now=datetime.now(UTC))


def as_role(tokens, role):
    return {"Authorization": f"Bearer {tokens[role]}"}


def test_who_asks_is_known_by_a_header_or_by_the_beginning(strict):
    server, tokens = strict
    created = server.post("/tasks", {**REPORT}, headers=as_role(tokens, "admin")).json()
    plain, deep = CHANGES % "", CHANGES % "workflowSteps { name }"
    for role, query, lacking in (
        ("viewer", plain, None),
        ("viewer", deep, "tasker.workflow_step:index"),
        ("viewer", "subscription { events { name } }", "tasker.event:index"),
        ("viewer", "query ($id: ID) { tasks { taskId } }", None),
        ("steps", deep, None),
    ):
        for options in (
            {"additional_headers": as_role(tokens, role)},
            {"payload": as_role(tokens, role)},
        ):
            with opened(server, **options) as talk:
                talk.subscribe("1", query, id=created["task_id"])
                message = talk.hear()
                if lacking is None and "tasks" not in query:
                    assert message["type"] == "next", message
                elif lacking is not None:
                    told = error({"errors": message["payload"]}, 403, "AUTHORIZATION_FAILED")
                    assert told["extensions"]["details"] == {"permission": lacking}
    both = {"additional_headers": as_role(tokens, "viewer"), "payload": as_role(tokens, "admin")}
    for options in ({}, {"payload": {"Authorization": "Bearer wrong"}}, both):
        with opened(server, **options) as talk:
            talk.subscribe("1", plain, id=created["task_id"])
            error({"errors": talk.hear("error")["payload"]}, 401, "AUTHENTICATION_FAILED")


def test_a_token_that_is_revoked_is_taken_no_more_on_an_open_connection(strict):
    server, tokens = strict
    file = TokenFile(server.folder / "tokens.yml")
    token = token_of(file, "gone", "admin")
    with opened(server, payload={"Authorization": f"Bearer {token}"}) as talk:
        talk.subscribe("1", "{ tasks(limit: 1) { taskId } }")
        talk.hear("next")
        talk.hear("complete")
        talk.subscribe("live", "subscription { events { name } }")
        server.post("/tasks", REPORT, headers=as_role(tokens, "admin"))
        assert talk.hear("next")["id"] == "live"
        file.revoke("gone")
        talk.subscribe("2", "{ tasks(limit: 1) { taskId } }")
        server.post("/tasks", REPORT, headers=as_role(tokens, "admin"))
        ended: set[str] = set()
        while len(ended) < 2:
            message = talk.hear()
            if message["type"] == "error":
                error({"errors": message["payload"]}, 401, "AUTHENTICATION_FAILED")
                ended.add(message["id"])
            else:
                assert message["type"] == "next", message


def test_one_connection_has_so_many_operations_under_way(strict):
    server, tokens = strict
    with opened(server, payload=as_role(tokens, "admin")) as talk:
        for id in ("1", "2", "3"):
            talk.subscribe(id, "subscription { events { name } }")
        message = talk.hear("error")
        assert message["id"] == "3"
        error({"errors": message["payload"]}, 400, "QUERY_LIMIT")


def test_a_connection_that_does_not_begin_is_ended(strict):
    server, _ = strict
    with opened(server, begin=False) as talk:
        assert talk.closed() == 4408


def test_a_server_that_stops_ends_what_is_followed(tmp_path):
    with served(tmp_path) as server, opened(server) as talk:
        talk.subscribe("1", "subscription { events { name } }")
        talk.say("ping")
        talk.hear("pong")
        server.child.terminate()
        # Told in whatever way comes first: that this one is over, or the connection.
        assert talk.closed() in (1000, 1001, 1012)
        assert server.child.wait(20) == 0
