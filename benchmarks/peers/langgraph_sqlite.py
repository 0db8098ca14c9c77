"""LangGraph with its SQLite checkpointer, which puts its file into WAL mode by itself.

For speed: the asynchronous checkpointer, graphs compiled once, no tracing.
``sync`` durability waits for a checkpoint before the next step, which is what a
durable engine promises; ``async``, its default, writes while the next step runs.
Its checkpoints are of supersteps: steps beside each other share one.
"""

from __future__ import annotations

import asyncio
import operator
import uuid
from importlib.metadata import version
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

from benchmarks.peers.driver import CHAIN_STEPS, FANOUT_STEPS, contend, read_order
from benchmarks.peers.gathering import gather_bounded


class State(TypedDict):
    """The results of the steps, added up."""

    done: Annotated[int, operator.add]


async def step(state: State) -> dict[str, int]:
    """Return something small."""
    return {"done": 1}


def graph(layers: list[list[str]]) -> StateGraph[Any, Any, Any, Any]:
    """Return a graph in which each step depends on all of the layer above."""
    builder: StateGraph[Any, Any, Any, Any] = StateGraph(State)
    above: list[str] = []
    for layer in layers:
        for name in layer:
            builder.add_node(name, step)
            builder.add_edge(above if len(above) > 1 else above[0] if above else START, name)
        above = layer
    builder.add_edge(above[0], END)
    return builder


SHAPES = {
    "diamond": graph([["a"], ["b", "c"], ["d"]]),
    "chain": graph([[f"s{i}"] for i in range(CHAIN_STEPS)]),
    "fanout": graph([["first"], [f"s{i}" for i in range(FANOUT_STEPS)], ["last"]]),
}


def main() -> None:
    """Answer the order."""
    order = read_order()
    durability = str(order.options["durability"])
    with asyncio.Runner() as runner:
        saver = AsyncSqliteSaver.from_conn_string(str(order.directory / "langgraph.db"))
        checkpointer = runner.run(saver.__aenter__())
        compiled = {name: made.compile(checkpointer=checkpointer) for name, made in SHAPES.items()}

        async def run_all(shape: str, tasks: int, in_flight: int) -> None:
            async def one() -> None:
                config: Any = {"configurable": {"thread_id": uuid.uuid4().hex}}
                durable: Any = durability
                await compiled[shape].ainvoke({"done": 0}, config, durability=durable)

            await gather_bounded(one, tasks, in_flight)

        contend(
            order,
            lambda shape, tasks, in_flight: runner.run(run_all(shape, tasks, in_flight)),
            in_flight=(1, 8, 64),
            facts={"version": version("langgraph")},
        )
        runner.run(saver.__aexit__(None, None, None))


if __name__ == "__main__":
    main()
