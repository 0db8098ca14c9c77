"""The application mounted in others, under pressure, and over a store that fails."""

import anyio
import httpx
import pytest
from fastapi import FastAPI
from litestar import Litestar, asgi
from starlette.applications import Starlette
from starlette.routing import Mount

from tasker import Engine
from tasker.server import SidecarConfig, TaskerApp
from tasker.server.shell import Prefixed
from tasker.stores import MemoryStore, StoreUnavailableError
from tasker.testing import testing_engine
from tests.engine.support import QUICK, Gate, one_step
from tests.server.inside import application, post_task
from tests.server.serving import problem


def in_starlette(app):
    return Starlette(routes=[Mount("/deep/down", app)])


def in_fastapi(app):
    outer = FastAPI()
    outer.mount("/deep/down", app)
    return outer


def in_litestar(app):
    return Litestar([asgi("/deep/down", is_mount=True, copy_scope=True)(app)], logging_config=None)


def as_of_old(app):
    """Mount it as ASGI 2 hosts do, which take the mount's path off the request's."""

    async def wrapped(scope, receive, send):
        path = scope["path"].removeprefix("/deep/down")
        await app({**scope, "path": path, "root_path": "/deep/down"}, receive, send)

    return wrapped


def prefixed(app):
    return Prefixed(app, "/deep/down")


@pytest.mark.parametrize("wrap", [in_starlette, in_fastapi, in_litestar, prefixed, as_of_old])
async def test_it_is_the_same_wherever_it_is_mounted(wrap):
    async with application(wrap=wrap) as (client, _, _):
        made = await post_task(client, "/deep/down/tasks", context={"n": 1})
        assert made.status_code == 201
        listed = await client.get("/deep/down/tasks")
        assert listed.json()["pagination"]["total_count"] == 1
        if wrap is not in_litestar:  # which does not tell what it mounts where that is
            shown = await client.get(made.headers["location"])
            assert shown.json()["task_id"] == made.json()["task_id"]
            described = await client.get("/deep/down/openapi.json")
            assert described.json()["servers"] == [{"url": "/deep/down"}]
        problem(await client.get("/deep/down/nothing"), 404, "NOT_FOUND")
        # A path within that repeats the mount's is a path within.
        problem(await client.get("/deep/down/handlers/deep/down"), 404, "NAMESPACE_NOT_FOUND")
        assert (await client.get("/deep/down/health/live")).status_code == 200


async def test_two_applications_share_nothing():
    async with application() as (first, _, _), application() as (second, _, _):
        await post_task(first)
        counts = [
            (await client.get("/tasks")).json()["pagination"]["total_count"]
            for client in (first, second)
        ]
    assert counts == [1, 0]


async def test_an_engine_that_leaves_the_work_to_another_is_served_as_well(tmp_path, monkeypatch):
    store, gate = f"sqlite:///{tmp_path / 'tasks.db'}", Gate()
    definition = gate.definition()
    async with (
        Engine.open(store, definitions=definition, config=QUICK),
        Engine.open(store, definitions=definition, config=QUICK, work=False) as engine,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=TaskerApp(engine)), base_url="http://test"
        ) as client,
    ):
        task_id = (await post_task(client, context={"n": 1})).json()["task_id"]
        await gate.until(entered=1)
        paused = await client.post(f"/tasks/{task_id}/pause")
        assert paused.json()["status"] == "paused"
        monkeypatch.setattr("tasker.engine.REMOTE_SECONDS", 0.0)
        problem(await client.post(f"/tasks/{task_id}/resume"), 504, "NO_ANSWER")
        problem(await client.get("/events/stream"), 409, "EVENTS_ELSEWHERE")
        gate.open()
        stream = await client.get(f"/tasks/{task_id}/events/stream")
        assert stream.text.rstrip().endswith("event: end\ndata: {}")


class Slow(MemoryStore):
    """Commits when it is let."""

    def __init__(self):
        super().__init__()
        self.gate = anyio.Event()
        self.gate.set()
        self.waiting = anyio.Event()

    async def commit(self, appends):
        self.waiting.set()
        await self.gate.wait()
        return await super().commit(appends)


async def test_submissions_beyond_the_bound_are_told_when_to_come_back():
    store, config = Slow(), SidecarConfig(max_pending_submissions=1)
    async with application(store=store, config=config) as (client, _, _):
        store.gate, store.waiting = anyio.Event(), anyio.Event()
        answers = []

        async def post():
            answers.append(await post_task(client))

        async with anyio.create_task_group() as group:
            group.start_soon(post)
            await store.waiting.wait()
            late = await post_task(client)
            problem(late, 429, "TOO_MANY_REQUESTS")
            assert int(late.headers["retry-after"]) >= 1
            many = await client.post("/tasks/bulk", json={"tasks": [{"name": "work"}]})
            problem(many, 429, "TOO_MANY_REQUESTS")
            # Reading goes on.
            assert (await client.get("/tasks")).status_code == 200
            store.gate.set()
        assert answers[0].status_code == 201
        assert (await post_task(client)).status_code == 201


class Failing(MemoryStore):
    """Fails while it is told to."""

    fails = False

    async def commit(self, appends):
        if self.fails:
            raise self._error()
        return await super().commit(appends)

    async def probe(self):
        if self.fails:
            raise self._error()

    def _error(self):
        return StoreUnavailableError(url="memory://", operation="write", cause="the disk is full")


async def test_a_store_that_fails_is_told_as_such():
    store = Failing()
    async with application(store=store) as (client, _, _):
        store.fails = True
        answer = await post_task(client)
        assert "the disk is full" in problem(answer, 503, "STORE_UNAVAILABLE")["detail"]
        assert answer.headers["retry-after"] == "1"
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert ready.json()["checks"]["store"]["healthy"] is False
        status = await client.get("/health/status")
        assert (status.status_code, status.json()["healthy"]) == (503, False)
        store.fails = False


async def test_a_closed_engine_is_told_as_such():
    async with testing_engine(one_step()) as engine:
        app = TaskerApp(engine)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        problem(await client.get("/tasks"), 503, "SHUTTING_DOWN")
        assert (await client.get("/health/live")).json()["alive"] is False


async def test_a_fault_of_ours_tells_nothing_of_itself(caplog):
    class Broken(MemoryStore):
        async def list_tasks(self, *args, **kwargs):
            raise RuntimeError("secret /etc/path")

    async with application(store=Broken()) as (client, _, _):
        answer = await client.get("/tasks")
        found = problem(answer, 500, "INTERNAL_ERROR")
        assert "secret" not in str(found)
        assert "secret" in caplog.text


async def test_a_slow_reader_of_all_events_is_cut_off_rather_than_shown_a_hole():
    config = SidecarConfig(stream_buffer=2)
    async with (
        application(config=config) as (client, engine, app),
        app.sidecar.feed.read(("task.*",), None) as (reader, missed),
    ):
        assert not missed
        task_id = (await post_task(client)).json()["task_id"]
        await engine.wait(task_id)
        found = []
        while (event := await reader.next(20)) is not None:
            found.append(event.name)
        # Three were told; it had room for two, and got them in order.
        assert (found, reader.ended) == (["task.created", "task.start_requested"], True)


async def test_nobody_listens_to_events_until_somebody_reads():
    async with application() as (client, engine, app):
        task_id = (await post_task(client)).json()["task_id"]
        await engine.wait(task_id)
        assert engine.health().subscribers == ()
        await client.get(f"/tasks/{task_id}/events/stream")
        assert [each.name for each in engine.health().subscribers] == ["server-changes"]
        assert app.sidecar.feed.readers == 0


async def test_five_hundred_watch_at_the_same_time():
    gate = Gate()
    async with application(gate.definition()) as (client, _, app):
        task_id = (await post_task(client)).json()["task_id"]
        await gate.until(entered=1)
        ended = []

        async def watch():
            answer = await client.get(f"/tasks/{task_id}/events/stream")
            ended.append(answer.text.rstrip().endswith("event: end\ndata: {}"))

        async with anyio.create_task_group() as group:
            for _ in range(500):
                group.start_soon(watch)
            with anyio.fail_after(20):
                while app.sidecar.feed.readers < 500:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
            gate.open()
        assert ended == [True] * 500
