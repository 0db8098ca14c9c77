"""Streams that were allowed once, and are no more."""

import json

import anyio
import pytest
from msgspec.structs import replace

from tasker.server import AuthConfig, AuthenticationError, SidecarConfig
from tasker.server.access.tokens import TokenFile
from tasker.server.errors import KeysUnavailableError
from tests.engine.support import Gate, until
from tests.server.inside import application
from tests.server.serving import events_of
from tests.server.test_access import NOW, ByName

QUICK = SidecarConfig(stream_check_seconds=1e-9, heartbeat_seconds=0.01)


class Fading(ByName):
    """Knows everybody, until told otherwise."""

    error: Exception | None = None

    async def authenticate(self, credentials):
        if self.error is not None:
            raise self.error
        return await super().authenticate(credentials)


async def last_events(headers, forbid, *, stopped=False, **options):
    """Return the last event of each stream of a task that goes on, once ``forbid`` was called.

    With ``stopped`` the server ends them then, if it has not before.
    """
    gate, found = Gate(), []
    async with application(gate.definition(), **options) as (client, _, app):
        made = await client.post("/tasks", json={"name": "work"}, headers=headers)
        await gate.until(entered=1)

        async def follow(path):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 200, answer.text
            *_, last = events_of(iter([*answer.text.splitlines(), ""]))
            found.append((last["event"], json.loads(last["data"])))

        async with anyio.create_task_group() as group:
            for path in ("/events/stream", f"/tasks/{made.json()['task_id']}/events/stream"):
                group.start_soon(follow, path)
            await until(lambda: app.sidecar.feed.readers == 2)
            # So that each has something to tell beside that it ended.
            await client.post("/tasks", json={"name": "work"}, headers=headers)
            await gate.until(entered=2)
            await forbid()
            if stopped:
                assert app.sidecar.feed.readers == 2
                app.stop()
        assert app.sidecar.feed.readers == 0
        gate.open()
    return found


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"error": AuthenticationError(reason="expired")}, 401, "AUTHENTICATION_FAILED"),
        ({"roles": ()}, 403, "AUTHORIZATION_FAILED"),
    ],
)
async def test_a_stream_ends_once_it_is_no_longer_allowed(change, status, code):
    who = Fading()

    async def forbid():
        vars(who).update(change)

    ends = await last_events({"X-Name": "ann"}, forbid, config=QUICK, authenticator=who)
    assert [(event, told["status"], told["code"]) for event, told in ends] == [
        ("refused", status, code)
    ] * 2
    assert {told["instance"].endswith("/events/stream") for _, told in ends} == {True}


async def test_a_stream_ends_once_its_token_is_revoked(tmp_path, blocking_call_detector):
    blocking_call_detector.deactivate()
    file = TokenFile(tmp_path / "tokens.json")

    file.create("other", ["admin"], expires_at=None, now=NOW)
    token = file.create("ann", ["admin"], expires_at=None, now=NOW)

    async def forbid():
        file.revoke("ann")

    auth = AuthConfig(authenticator="tokens", tokens_file=str(file.path))
    config = replace(QUICK, auth=auth)
    ends = await last_events({"Authorization": f"Bearer {token}"}, forbid, config=config)
    assert [(event, told["status"]) for event, told in ends] == [("refused", 401)] * 2


async def test_where_nobody_can_be_known_just_now_one_is_not_told_to_stay_away():
    who = Fading()

    async def forbid():
        who.error = KeysUnavailableError()

    ends = await last_events({"X-Name": "ann"}, forbid, config=QUICK, authenticator=who)
    assert "refused" not in [event for event, _ in ends]


async def test_whoever_follows_is_trusted_for_a_while():
    asked = []

    async def count(name):
        asked.append(name)

    who = Fading(delay=count)

    async def forbid():
        who.roles = ()
        # Some heartbeats pass.
        await anyio.sleep(0.05)
        assert len(asked) == 4  # once for each request

    config = SidecarConfig(heartbeat_seconds=0.01, stream_check_seconds=1_000)
    await last_events({"X-Name": "ann"}, forbid, config=config, authenticator=who, stopped=True)
