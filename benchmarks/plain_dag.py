"""The same DAGs of the same steps with no engine: nothing durable, checked, or retried."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import anyio

from benchmarks.shapes import Graph, layers, trivial


async def run_plain(graph: Graph, *, concurrency: int, seconds: float) -> tuple[int, float]:
    """Run the graph again and again, so many at a time; return the steps and the seconds.

    A task group for each layer, and each step a coroutine in it.
    """
    plan = layers(graph)
    began = time.perf_counter()
    turns = _until(began + seconds)
    ran = 0

    async def caller() -> None:
        nonlocal ran
        for _ in turns:
            await run_once(plan)
            ran += len(graph)

    async with anyio.create_task_group() as group:
        for _ in range(concurrency):
            group.start_soon(caller)
    return ran, time.perf_counter() - began


async def run_once(plan: Sequence[Sequence[str]]) -> dict[str, int]:
    """Run a graph that was cut into layers, and return the results by step."""
    results: dict[str, int] = {}

    async def step(name: str) -> None:
        results[name] = await trivial()

    for layer in plan:
        async with anyio.create_task_group() as group:
            for name in layer:
                group.start_soon(step, name)
    return results


def _until(end: float) -> Iterator[None]:
    while time.perf_counter() < end:
        yield
