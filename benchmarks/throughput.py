"""Best throughput of a graph on a store: what the cases of shapes and the peers share."""

from __future__ import annotations

from benchmarks.case import Metrics
from benchmarks.shapes import Graph, definition, request
from tasker.bench.load import Load, best_load, run_load
from tasker.engine import Engine

CONCURRENCY = (64, 256, 1000)


async def best_throughput(
    url: str, name: str, graph: Graph, *, seconds: float, concurrency: tuple[int, ...] = CONCURRENCY
) -> Load:
    """Return the load at the best of some concurrencies, found by trying each shortly."""
    async with Engine.open(url, definitions=definition(name, graph)) as engine:
        tried = await best_load(engine, request(name), concurrency=concurrency, seconds=seconds / 3)
        load = await run_load(engine, request(name), concurrency=tried.concurrency, seconds=seconds)
    if load.failed:
        raise RuntimeError(f"{load.failed} of {load.tasks} tasks did not complete")
    return load


def load_metrics(load: Load) -> Metrics:
    """Return the figures of a load."""
    return {
        "steps_per_second": load.steps_per_second,
        "tasks_per_second": load.tasks_per_second,
        "in_flight": load.concurrency,
        "p50_ms": load.latency.p50_ms,
        "p95_ms": load.latency.p95_ms,
        "p99_ms": load.latency.p99_ms,
    }
