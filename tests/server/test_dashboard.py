"""What the dashboard is made of: its files, and the routes that it asks."""

import re

import httpx
import pytest

from tasker import define
from tests.server.inside import application, post_task
from tests.server.serving import problem

ABSENT = "01a20d4e-0000-7000-8000-000000000000"


def asset_paths(page):
    return re.findall(r'(?:href|src)="(dashboard/[^"]+)"', page.text)


async def test_the_page_and_its_files_are_there_wherever_it_is_mounted():
    async with application() as (client, _, _):
        page = await client.get("/dashboard")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        paths = asset_paths(page)
        assert len(paths) > 5
        for path in paths:
            answer = await client.get(f"/{path}")
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].startswith("text/javascript")
        slashed = await client.get("/dashboard/")
        assert (slashed.status_code, slashed.headers["location"]) == (307, "../dashboard")


async def test_modules_import_what_there_is():
    async with application() as (client, _, _):
        page = await client.get("/dashboard")
        waiting = [path for path in asset_paths(page) if path.endswith("main.js")]
        seen = set(waiting)
        while waiting:
            path = waiting.pop()
            module = await client.get(f"/{path}")
            assert module.status_code == 200, path
            if "/vendor/" in path:
                continue
            assert module.text.count("\n") < 250, path
            for name in re.findall(r'^} from "(.+)";|import .* from "(.+)";', module.text, re.M):
                found = str(httpx.URL(f"http://x/{path}").join("".join(name)).path)[1:]
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)
    assert len(seen) > 25


@pytest.mark.parametrize(
    "path",
    [
        *("assets/0/main.js", "assets/{version}/none.js", "assets/{version}/../assets.py"),
        *("assets/{version}/%2e%2e/assets.py", "assets/{version}/..%2fassets.py"),
        *("assets/{version}//etc/passwd", "assets/{version}/index.html%00.js", "assets/{version}"),
    ],
)
async def test_nothing_else_is_served(path):
    async with application() as (client, _, _):
        version = asset_paths(await client.get("/dashboard"))[0].split("/")[2]
        answer = await client.get(f"/dashboard/{path.format(version=version)}")
        problem(answer, 404, "NOT_FOUND")


async def test_the_actors_are_shown_with_their_mailboxes():
    async with application() as (client, _, _):
        actors = (await client.get("/actors")).json()["actors"]
        few = (await client.get("/actors", params={"limit": 1})).json()["actors"]
        problem(await client.get("/actors", params={"limit": 0}), 422, "INVALID_REQUEST")
    assert (actors[0]["depth"], actors[0]["mailbox"]) == (0, None)
    journal = next(each for each in actors if each["name"] == "journal")
    assert journal["depth"] == 1
    assert journal["mailbox"]["capacity"] > 0
    assert len(few) < len(actors)


def diamond():
    """Four steps, of which the last has to wait for three."""
    made = define("work")

    async def first(task):
        return 1

    async def left(first):
        return 2

    async def right(first):
        raise ValueError("no")

    async def last(left, right):
        return 3

    for step in (first, left, last):
        made.step(step)
    made.step(retryable=False)(right)
    return made


async def test_a_task_is_laid_out_with_its_timeline():
    async with application(diamond()) as (client, engine, _):
        task_id = (await post_task(client)).json()["task_id"]
        await engine.wait(task_id)
        found = (await client.get(f"/tasks/{task_id}/diagram")).json()
        problem(await client.get(f"/tasks/{ABSENT}/diagram"), 404, "TASK_NOT_FOUND")
    graph = found["graph"]
    states = {step["name"]: step["status"] for step in graph["steps"]}
    assert states == {"first": "complete", "left": "complete", "right": "error", "last": "not_run"}
    edges = {(edge["from"], edge["to"]) for edge in graph["edges"]}
    assert edges == {("first", "left"), ("first", "right"), ("left", "last"), ("right", "last")}
    assert all(0 <= step["x"] <= graph["width"] for step in graph["steps"])
    ran = {span["step"]: span["outcome"] for span in found["timeline"]["spans"]}
    assert ran == {"first": "complete", "left": "complete", "right": "error"}


async def test_a_handler_is_laid_out():
    async with application(diamond()) as (client, _, _):
        found = (await client.get("/handlers/default/work/diagram")).json()
        absent = await client.get("/handlers/default/work/diagram", params={"version": "9.9.9"})
        problem(absent, 404, "HANDLER_NOT_FOUND")
    assert found["full_name"] == "default.work@0.1.0"
    assert {step["status"] for step in found["graph"]["steps"]} == {None}


async def test_the_activity_is_told_slice_by_slice():
    async with application() as (client, engine, _):
        for _ in range(3):
            await engine.wait((await post_task(client)).json()["task_id"])
        where = {"period": 2, "slices": 4}
        found = (await client.get("/analytics/activity", params=where)).json()["activity"]
        none = {**where, "namespace": "elsewhere"}
        empty = (await client.get("/analytics/activity", params=none)).json()["activity"]
        problem(
            await client.get("/analytics/activity", params={"slices": 0}), 422, "INVALID_REQUEST"
        )
    assert (found["slice_seconds"], len(found["slices"])) == (1_800.0, 4)
    assert [each["created"] for each in found["slices"]] == [0, 0, 0, 3]
    assert [each["completed"] for each in found["slices"]] == [0, 0, 0, 3]
    assert sum(each["created"] for each in empty["slices"]) == 0
