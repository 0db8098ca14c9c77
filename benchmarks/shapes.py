"""The workflows that are measured: trivial steps, so that what is left is the engine."""

from __future__ import annotations

from collections.abc import Mapping

from tasker.definitions.python import DefinitionBuilder, define
from tasker.request import TaskRequest

NAMESPACE = "benchmarks"
CHAIN_STEPS = 5
FANOUT_STEPS = 100
LAYER_STEPS = 5

Graph = Mapping[str, tuple[str, ...]]
"""From each step to those it depends on, parents first."""

DIAMOND: Graph = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
CHAIN: Graph = {f"s{i}": (f"s{i - 1}",) if i else () for i in range(CHAIN_STEPS)}
FANOUT: Graph = {
    "first": (),
    **{f"s{i}": ("first",) for i in range(FANOUT_STEPS)},
    "last": tuple(f"s{i}" for i in range(FANOUT_STEPS)),
}
SHAPES = {"diamond": DIAMOND, "chain": CHAIN, "fanout": FANOUT}


async def trivial() -> int:
    """Return something small at once: the step of all shapes."""
    return 1


def layered(steps: int) -> Graph:
    """Return a graph of layers, in which each step depends on two of the layer above."""
    graph: dict[str, tuple[str, ...]] = {}
    for i in range(steps):
        layer, place = divmod(i, LAYER_STEPS)
        above = (layer - 1) * LAYER_STEPS
        parents = {above + place, above + (place + 1) % LAYER_STEPS} if layer else set()
        graph[f"s{i}"] = tuple(f"s{parent}" for parent in sorted(parents))
    return graph


def layers(graph: Graph) -> list[list[str]]:
    """Return the steps by depth: those of one layer depend on earlier layers alone."""
    depth: dict[str, int] = {}
    found: list[list[str]] = []
    for step, parents in graph.items():
        depth[step] = 1 + max((depth[parent] for parent in parents), default=-1)
        if depth[step] == len(found):
            found.append([])
        found[depth[step]].append(step)
    return found


def definition(name: str, graph: Graph) -> DefinitionBuilder:
    """Return a definition with this graph, every step of which is `trivial`."""
    builder = define(name, namespace=NAMESPACE)
    for step, parents in graph.items():
        builder.add_step(step, trivial, depends_on=list(parents))
    return builder


def request(name: str) -> TaskRequest:
    """Return a request for a task of a definition made here."""
    return TaskRequest(name=name, namespace=NAMESPACE, context={"n": 1})
