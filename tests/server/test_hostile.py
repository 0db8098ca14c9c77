"""What clients send that mean no good, over a socket, to a server that knows its users."""

import json
import socket
import time

import anyio
import httpx
import pytest

from tasker.server.running import KEEP_ALIVE_SECONDS
from tests.server.serving import REPORT, problem, served
from tests.server.signing import AUDIENCE, ISSUER, SECRET, signed

SECONDS = 0.4
"""How long the impatient server waits."""


def settings(folder, **more):
    file = folder / "server.yaml"
    jwt = {"secret": SECRET, "issuer": ISSUER, "audience": [AUDIENCE]}
    file.write_text(json.dumps({"auth": {"authenticator": "jwt", "jwt": jwt}, **more}))
    return ("--config", file)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    with served(folder, *settings(folder, max_body_bytes=20_000)) as server:
        yield server


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    folder = tmp_path_factory.mktemp("impatient")
    times = {"head_seconds": SECONDS, "body_seconds": SECONDS, "heartbeat_seconds": SECONDS / 2}
    with served(folder, *settings(folder, **times)) as server:
        yield server


def bearer(name="ann", *roles):
    # Some are made when the tests are collected: these may run much later.
    token = signed(sub=name, roles=list(roles or ("admin",)), exp=int(time.time()) + 86_400)
    return {"Authorization": f"Bearer {token}"}


def connect(server):
    url = httpx.URL(server.url)
    return socket.create_connection((url.host, url.port), timeout=20)


def exchange(server, text):
    """Send bytes as they are, and return the status of each answer until the server is done."""
    with connect(server) as raw:
        raw.sendall(text)
        return statuses(everything(raw))


def everything(raw):
    found = b""
    while part := raw.recv(65_536):
        found += part
    return found


def statuses(answer):
    lines = answer.split(b"\r\n")
    return [int(line.split(b" ")[1]) for line in lines if line.startswith(b"HTTP/1.1 ")]


def request(target, *headers, method="GET", body=b"", more_to_come=False):
    last = () if more_to_come else ("Connection: close",)
    lines = [f"{method} {target} HTTP/1.1", "Host: shop.example", *headers, *last, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


ADMIN = bearer()
LINE = f"Authorization: {ADMIN['Authorization']}"


def test_the_requests_of_these_tests_are_understood(guarded):
    assert exchange(guarded, request("/tasker/metrics", LINE)) == [200]
    assert exchange(guarded, request("/tasker/metrics")) == [401]


@pytest.mark.parametrize(
    "target",
    [
        "/tasker/metrics/",
        "/tasker//metrics",
        "//tasker/metrics",
        "/tasker/./metrics",
        "/tasker/x/../metrics",
        "/tasker/health/live/../../metrics",
        "/tasker/health/live%2f..%2f..%2fmetrics",
        "/tasker/health/live%2F%2E%2E%2F%2E%2E%2Fmetrics",
        "/tasker/%2e%2e/tasker/metrics",
        "/tasker/health/live;/../../metrics",
        "/tasker/health%5c..%5cmetrics",
        "/tasker/metrics%00",
        "/tasker/metrics%00/health/live",
        "/tasker/%6detrics",
        "/tasker/%256detrics",
        "/TASKER/METRICS",
        "/tasker/Metrics",
        "/tasker/metrics?x=/health/live",
        "/tasker/metrics?/health/live",
        "/tasker/metrics#/health/live",
        "/tasker/metrics.json",
        "http://127.0.0.1/tasker/metrics",
        "http://127.0.0.1/health/live/../tasker/metrics",
        "*",
        "metrics",
    ],
)
def test_no_way_of_writing_a_path_leads_around_the_guard(guarded, target):
    found = exchange(guarded, request(target))
    assert len(found) == 1
    assert found[0] in (400, 401, 404), found


@pytest.mark.parametrize(
    "headers",
    [
        (LINE, LINE),
        (LINE, "Authorization: Bearer x"),
        ("Authorization: Bearer x", LINE),
        (LINE.replace("Authorization", "authorization"), "AUTHORIZATION: Bearer x"),
        (LINE.replace(":", " :"),),
        (LINE.replace("Authorization", "Authorization\x00"),),
        (LINE.replace("Authorization", "Proxy-Authorization"),),
        (LINE.replace("Authorization", "X_Authorization"),),
        (LINE.replace("Bearer ", "Bearer,"),),
        (LINE.replace("Bearer ", "Bearer Bearer "),),
        (f"{LINE}, Bearer x",),
        (f"X-Ignored: a\r\n {LINE}",),
        (f"Cookie: {ADMIN['Authorization']}",),
    ],
)
def test_no_way_of_writing_headers_leads_around_the_guard(guarded, headers):
    found = exchange(guarded, request("/tasker/metrics", *headers))
    assert len(found) == 1
    assert found[0] in (400, 401), found


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 4", "Content-Length: 90"),
        ("Content-Length: 4, 90",),
        ("Content-Length: +4",),
        ("Content-Length: -1",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: gzip, chunked",),
    ],
)
def test_a_body_of_two_lengths_is_no_second_request(guarded, headers):
    hidden = request("/tasker/metrics", LINE)
    sent = request(
        "/tasker/tasks",
        LINE,
        *headers,
        "Content-Type: application/json",
        method="POST",
        body=b"{}\r\n" + hidden,
        more_to_come=True,
    )
    assert 200 not in exchange(guarded, sent)


def test_a_request_that_hides_in_a_body_is_not_answered(guarded):
    hidden = request("/tasker/metrics", LINE)
    both = ("Content-Length: 4", "Transfer-Encoding: chunked")
    sent = request(
        "/tasker/tasks", *both, method="POST", body=b"0\r\n\r\n" + hidden, more_to_come=True
    )
    found = exchange(guarded, sent)
    # Either the whole is refused, or the rest is what it seems: a request with a token.
    assert found[0] in (400, 401)


@pytest.mark.parametrize("headers", [{}, ADMIN])
def test_large_and_deep_bodies(guarded, headers):
    typed = {**headers, "Content-Type": "application/json"}
    deep = b'{"name": "report", "context": ' + b'{"a":' * 3_000 + b"1" + b"}" * 3_001
    large = b'{"name": "' + b"a" * 30_000 + b'"}'

    def chunks():
        for _ in range(40):
            yield b" " * 1_000

    for body, status in ((deep, 400), (large, 413), (chunks(), 413)):
        answer = guarded.client.post("/tasks", content=body, headers=typed)
        assert answer.status_code == (status if headers else 401), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_large_heads(guarded):
    for extra in (f"X-Large: {'a' * 200_000}", "\r\n".join(f"X-{n}: a" for n in range(20_000))):
        with connect(guarded) as raw:
            try:
                raw.sendall(request("/tasker/metrics", LINE, extra))
                found = statuses(everything(raw))
            except ConnectionError:
                found = []
        assert found in ([], [400], [431])
    assert guarded.get("/health/live").status_code == 200


def test_a_large_body_behind_a_small_head_is_no_large_head(server):
    body = b" " * 200_000 + b"[]"
    told = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    text = request("/tasker/tasks", *told, method="POST", body=body)
    assert exchange(server, text.replace(b"shop.example", b"localhost")) == [422]


def test_a_head_that_does_not_end_ends_the_connection(impatient):
    for sent in (b"", b"GET /tasker/health/live HTTP/1.1\r\nHost: a\r\nX-Slow: "):
        with connect(impatient) as raw:
            raw.sendall(sent)
            assert 200 not in statuses(everything(raw))


def test_a_byte_now_and_then_is_not_enough(impatient):
    with connect(impatient) as raw:
        raw.settimeout(SECONDS / 8)
        raw.sendall(b"GET /tasker/health/live HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        for _ in range(200):
            try:
                raw.sendall(b"a")
                if not raw.recv(1_000):
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    raise AssertionError("the connection is still open")


def test_the_head_of_the_next_request_has_its_time_too(impatient):
    with connect(impatient) as raw:
        raw.sendall(request("/tasker/health/live", more_to_come=True))
        while b"alive" not in raw.recv(65_536):
            pass
        raw.sendall(b"GET /tasker/health/live HTT")
        started = time.monotonic()
        assert everything(raw) == b""
    # The server keeps a connection that is silent for longer.
    assert time.monotonic() - started < KEEP_ALIVE_SECONDS


def test_a_body_that_does_not_end_is_given_up(impatient):
    head = request(
        "/tasker/tasks",
        LINE,
        "Content-Type: application/json",
        "Content-Length: 1000",
        method="POST",
        body=b'{"name"',
    )
    with connect(impatient) as raw:
        raw.sendall(head)
        answer = everything(raw)
    assert statuses(answer) == [408]
    assert b'"code":"TOO_SLOW"' in answer


def test_a_slow_body_is_not_waited_for_before_who_asks_is_known(impatient):
    head = request("/tasker/tasks", "Content-Length: 1000", method="POST", body=b"{")
    with connect(impatient) as raw:
        raw.sendall(head)
        answer = everything(raw)
    assert statuses(answer) == [401]


def test_a_stream_may_last(impatient):
    with impatient.client.stream("GET", "/events/stream", headers=ADMIN) as stream:
        beats = 0
        for line in stream.iter_lines():
            beats += line.startswith(":")
            if beats == 6:  # three times as long as the impatient server waits
                return
    raise AssertionError("the stream was cut off")


def test_a_wait_may_last(impatient):
    task, gate = None, impatient.folder / "gate"
    body = {"name": "checkout", "namespace": "shop", "context": {"order": 1, "gate": str(gate)}}
    task = impatient.post("/tasks", body, headers=ADMIN).json()
    # It answers after a second, which is longer than the server waits for what it is sent.
    answer = impatient.get(f"/tasks/{task['task_id']}", headers={**ADMIN, "Prefer": "wait=1"})
    assert answer.json()["status"] == "in_progress"
    gate.touch()


async def _two_dozen_users(url):
    """Have users ask at the same time, over few connections; return what each was told."""
    told: dict[str, set[str]] = {}
    limits = httpx.Limits(max_connections=4)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:

        async def ask(name):
            headers = bearer(name, "admin", f"role-of-{name}")
            for _ in range(3):
                made = await client.post("/tasks", json=REPORT, headers=headers)
                me = await client.get("/me", headers=headers)
                told.setdefault(name, set()).update(
                    (made.json()["initiator"], me.json()["user_id"], me.json()["roles"][1])
                )
                nobody = await client.get("/me")
                problem(nobody, 401, "AUTHENTICATION_FAILED")

        async with anyio.create_task_group() as group:
            for number in range(24):
                group.start_soon(ask, f"user-{number}")
    return told


def test_users_at_once_never_see_each_others_identity(guarded):
    told = anyio.run(_two_dozen_users, guarded.url)
    assert told == {name: {name, f"role-of-{name}"} for name in told}
    assert len(told) == 24
    # Nor does what was kept.
    page = guarded.get("/audit", params={"by": "user-7"}, headers=ADMIN).json()
    assert {each["operation"] for each in page["actions"]} == {"create"}
    assert len(page["actions"]) == 3


def test_settings_of_tokens_that_cannot_be_stop_the_start(tmp_path):
    from tests.cli.command import ROOT, process

    file = tmp_path / "server.yaml"
    jwt = {"secret": "only-a-little-secret", "algorithms": ["RS256"]}
    file.write_text(json.dumps({"auth": {"authenticator": "jwt", "jwt": jwt}}))
    said = process("serve", "--port", 0, "--config", file, "--json", cwd=ROOT)
    assert said.code == 2
    told = json.loads(said.err)["error"]["problems"]
    assert any("'RS256' is not one of HS256" in each for each in told)
    # A secret is not told, not even one that cannot be.
    assert "only-a-little" not in said.err
