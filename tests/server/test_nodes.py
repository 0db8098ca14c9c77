"""The nodes of a store over REST: listed, and drained."""

import os
from contextlib import asynccontextmanager

import httpx
import pytest

import tasker
from tasker import Engine
from tasker.server import TaskerApp
from tests.engine.support import QUICK, Gate, request
from tests.server.inside import application
from tests.server.serving import problem


@asynccontextmanager
async def two_nodes(url):
    """Two engines on one database, and a client of the server of the first."""
    gate = Gate()
    async with (
        Engine.open(url, definitions=gate.definition(), config=QUICK) as one,
        Engine.open(url, definitions=gate.definition(), config=QUICK) as two,
    ):
        transport = httpx.ASGITransport(app=TaskerApp(one))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client, two, gate


async def test_nodes_are_listed_with_what_they_are_at():
    async with application() as (client, engine, _):
        [node] = (await client.get("/nodes")).json()["nodes"]
        [known] = await engine.nodes()
        assert node.pop("started_at").endswith("Z")
        assert node == {
            "node_id": known.node.node_id,
            "host": known.node.host,
            "pid": os.getpid(),
            "version": tasker.__version__,
            "tasks": 0,
            "lease_seconds": None,
            "lag_seconds": 0.0,
            "draining": False,
        }
        refused = await client.post(f"/nodes/{node['node_id']}/drain")
        problem(refused, 409, "ONE_NODE")


async def test_a_node_is_drained_and_others_go_on(postgres):
    async with two_nodes(postgres.url()) as (client, two, gate):
        nodes = (await client.get("/nodes")).json()["nodes"]
        assert [each["draining"] for each in nodes] == [False, False]
        assert all(0 < each["lease_seconds"] <= QUICK.lease_seconds for each in nodes)
        task_id = await two.submit(request())
        await gate.until(entered=1)
        owner = next(each for each in (await client.get("/nodes")).json()["nodes"] if each["tasks"])
        [drained] = (await client.post(f"/nodes/{owner['node_id']}/drain")).json()["nodes"]
        assert (drained["node_id"], drained["draining"]) == (owner["node_id"], True)
        await gate.until(entered=2)
        gate.open()
        await two.wait(task_id, timeout_seconds=20)
        found = problem(await client.post("/nodes/nowhere/drain"), 404, "NODE_NOT_FOUND")
        assert set(found["details"]["known"]) == {each["node_id"] for each in nodes}


@pytest.mark.parametrize("path", ["/nodes/..%2Fnodes/drain", "/nodes/%00/drain"])
async def test_an_id_that_no_node_can_have_is_absent(postgres, path):
    async with two_nodes(postgres.url()) as (client, _, _):
        assert (await client.post(path)).status_code == 404
