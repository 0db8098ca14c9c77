"""Tasker, driven as its peers are.

Every setting is the default. ``strict`` syncs each commit before anything that
depends on it starts; ``relaxed`` leaves syncing to the system; ``memory`` keeps
nothing.
"""

from __future__ import annotations

import asyncio

import tasker
from benchmarks.peers.driver import contend, read_order
from benchmarks.peers.gathering import gather_bounded
from benchmarks.shapes import SHAPES, definition, request
from benchmarks.stores import store_url
from tasker.engine import Engine


def main() -> None:
    """Answer the order."""
    order = read_order()
    store = str(order.options["store"])
    with asyncio.Runner() as runner:
        definitions = [definition(name, graph) for name, graph in SHAPES.items()]
        engine = Engine.open(store_url(store, order.directory), definitions=definitions)
        runner.run(engine.__aenter__())

        async def run_all(shape: str, tasks: int, in_flight: int) -> None:
            async def one() -> None:
                view = await engine.run(request(shape))
                if view.state != "complete":
                    raise RuntimeError(f"a task ended as {view.state}")

            await gather_bounded(one, tasks, in_flight)

        contend(
            order,
            lambda shape, tasks, in_flight: runner.run(run_all(shape, tasks, in_flight)),
            in_flight=(16, 64, 256, 1000),
            facts={"version": tasker.__version__},
        )


if __name__ == "__main__":
    main()
