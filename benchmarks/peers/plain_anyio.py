"""Plain anyio, driven as the engines are: nothing is durable, checked or retried.

The ceiling: a task group for each layer of the graph, a coroutine for each step.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from benchmarks.peers.driver import contend, read_order
from benchmarks.peers.gathering import gather_bounded
from benchmarks.plain_dag import run_once
from benchmarks.shapes import SHAPES, layers


def main() -> None:
    """Answer the order."""
    order = read_order()
    plans = {name: layers(graph) for name, graph in SHAPES.items()}
    with asyncio.Runner() as runner:

        async def run_all(shape: str, tasks: int, in_flight: int) -> None:
            await gather_bounded(lambda: run_once(plans[shape]), tasks, in_flight)

        contend(
            order,
            lambda shape, tasks, in_flight: runner.run(run_all(shape, tasks, in_flight)),
            in_flight=(16, 64, 256),
            facts={"version": version("anyio")},
        )


if __name__ == "__main__":
    main()
