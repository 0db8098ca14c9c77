"""The processes that work the store."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from tasker.server.answering import guarded
from tasker.server.shapes.nodes import NodeList
from tasker.server.sidecar import Sidecar


@get(
    "/nodes",
    operation_id="listNodes",
    tags=["nodes"],
    summary="List the processes that work the store",
    **guarded("tasker.node:index"),
)
async def list_nodes(sidecar: NamedDependency[Sidecar]) -> NodeList:
    """Return the nodes with their leases and tasks, those that began first being first."""
    return NodeList.of(await sidecar.engine.nodes())


@post(
    "/nodes/{node_id:str}/drain",
    operation_id="drainNode",
    tags=["nodes"],
    summary="Have a node hand its tasks to others",
    status_code=200,
    **guarded("tasker.node:drain", 404, 409),
)
async def drain_node(node_id: FromPath[str], sidecar: NamedDependency[Sidecar]) -> NodeList:
    """Have a node take no more tasks, and hand those that it has to others; return it.

    It begins with the next renewal of its lease, and goes on answering until it is stopped.
    """
    await sidecar.engine.drain_node(node_id)
    found = await sidecar.engine.nodes()
    return NodeList.of(each for each in found if each.node.node_id == node_id)


ROUTES = (list_nodes, drain_node)
