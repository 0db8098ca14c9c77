"""Paths with slashes in a part, and HEAD wherever there is GET."""

from urllib.parse import quote

import httpx
import pytest

from tasker import PermanentError, define
from tests.server.inside import application, post_task
from tests.server.routes import ABSENT, ROUTES
from tests.server.serving import REPORT, problem
from tests.server.test_inside import as_of_old, in_fastapi, in_litestar, in_starlette, prefixed
from tests.server.threaded import served_in_a_thread

GOT = sorted({path for method, path, _ in ROUTES if method == "GET"})
NAME = "fetch/prices.eu/..//a"
slashed = define("work")


async def fail():
    raise PermanentError("no")


slashed.add_step("first", fail)
slashed.add_step(NAME, fail)


@pytest.mark.parametrize("wrap", [None, in_starlette, in_fastapi, in_litestar, prefixed, as_of_old])
async def test_a_step_with_slashes_in_its_name_is_reached_wherever_it_is_mounted(wrap):
    base = "" if wrap is None else "/deep/down"
    async with application(slashed, wrap=wrap) as (client, engine, _):
        task_id = (await post_task(client, f"{base}/tasks")).json()["task_id"]
        await engine.wait(task_id)
        steps = f"{base}/tasks/{task_id}/workflow_steps"
        path = f"{steps}/{quote(NAME, safe='')}"
        assert (await client.get(path)).json()["name"] == NAME
        assert (await client.get(path.replace("%2F", "%2f"))).json()["name"] == NAME
        changed = await client.patch(path, json={"retry_limit": 7})
        assert changed.json()["retry_limit"] == 7
        for action, status in (("reset", "error"), ("cancel", "cancelled")):
            done = await client.post(f"{path}/{action}")
            assert (done.status_code, done.json()["status"]) == (200, status), done.text
        absent = problem(await client.get(f"{steps}/a%2Fb"), 404, "STEP_NOT_FOUND")
        assert absent["details"]["step"] == "a/b"
        # What is not encoded parts the path, and another part with a slash is no place.
        problem(await client.get(f"{steps}/fetch/prices.eu"), 404, "NOT_FOUND")
        problem(await client.get(f"{base}/tasks%2Fbulk"), 404, "NOT_FOUND")


def test_a_step_with_slashes_in_its_name_is_reached_over_a_socket(tmp_path):
    store = f"sqlite:///{tmp_path / 'tasks.db'}"
    with served_in_a_thread(store, definitions=slashed, work=True) as url:
        made = httpx.post(f"{url}/tasks", json={"name": "work"}, headers={"Prefer": "wait=20"})
        path = f"{url}/tasks/{made.json()['task_id']}/workflow_steps/{quote(NAME, safe='')}"
        assert httpx.get(path).json()["name"] == NAME


@pytest.mark.parametrize("path", GOT)
async def test_head_is_answered_as_get_without_a_body(path):
    async with application() as (client, engine, app):
        task_id = (await post_task(client)).json()["task_id"]
        await engine.wait(task_id)
        for each in {path, path.replace("task_id", task_id).replace("step_name", "step")}:
            head = await client.head(each)
            if each.endswith("/stream"):
                app.stop()  # so that GET ends too
            get = await client.get(each)
            assert (head.status_code, head.content) == (get.status_code, b"")
            assert head.headers.keys() == get.headers.keys()
            assert head.headers["content-type"] == get.headers["content-type"]


async def test_head_of_what_cannot_be_got_is_refused():
    async with application() as (client, _, _):
        assert (await client.head("/tasks/bulk")).status_code == 405
        assert (await client.head(f"/tasks/{ABSENT}/cancel")).status_code == 405
        assert (await client.head("/nowhere")).status_code == 404


def test_head_of_a_stream_ends(server):
    task, gate = server.running_task()
    for path in ("/events/stream", f"/tasks/{task['task_id']}/events/stream"):
        answer = server.client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"].startswith("text/event-stream")
    gate.touch()
    assert server.client.head("/tasks", params={"per_page": 1}).status_code == 200
    assert int(server.client.head("/tasks").headers["content-length"]) > 2
    # The connection is good for more.
    server.task(REPORT)
