"""DBOS, on SQLite or PostgreSQL.

For speed: workflows are called in the process that runs them (no queue, whose
dequeuing polls); on SQLite its file is put into WAL mode before launch, which DBOS
does not do by itself and which about doubles its rate; logs and traces are off.
``sync`` runs workflows in threads, ``async`` as coroutines, with the steps that are
beside each other gathered.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from dbos import DBOS, DBOSConfig

from benchmarks.peers.driver import CHAIN_STEPS, FANOUT_STEPS, Run, contend, read_order
from benchmarks.peers.gathering import gather_bounded


@DBOS.step()
def step() -> int:
    """Return something small."""
    return 1


@DBOS.workflow()
def sequential(steps: int) -> int:
    """Run so many steps; in a thread they come one after the other."""
    return sum(step() for _ in range(steps))


@DBOS.step()
async def step_async() -> int:
    """Return something small."""
    return 1


@DBOS.workflow()
async def diamond() -> int:
    """1, 2, 1."""
    await step_async()
    await asyncio.gather(step_async(), step_async())
    return await step_async()


@DBOS.workflow()
async def chain() -> int:
    """One after the other."""
    for _ in range(CHAIN_STEPS):
        await step_async()
    return 1


@DBOS.workflow()
async def fanout() -> int:
    """1, many, 1."""
    await step_async()
    await asyncio.gather(*(step_async() for _ in range(FANOUT_STEPS)))
    return await step_async()


_ASYNC = {"diamond": diamond, "chain": chain, "fanout": fanout}
_STEPS = {"diamond": 4, "chain": CHAIN_STEPS, "fanout": FANOUT_STEPS + 2}


def run_in_threads(shape: str, tasks: int, in_flight: int) -> None:
    """Call the workflow from so many threads."""
    with ThreadPoolExecutor(in_flight) as pool:
        for _ in pool.map(lambda _: sequential(_STEPS[shape]), range(tasks)):
            pass


def run_on_loop(runner: asyncio.Runner) -> Run:
    """Return a function that awaits so many workflows at once."""
    return lambda shape, tasks, in_flight: runner.run(
        gather_bounded(_ASYNC[shape], tasks, in_flight)
    )


def wal(path: Path) -> str:
    """Put a new SQLite file into WAL mode and return its URL."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return f"sqlite:///{path}"


def main() -> None:
    """Answer the order."""
    order = read_order()
    url = order.options.get("url") or wal(order.directory / "dbos.sqlite")
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": url,
        "log_level": "CRITICAL",
        "enable_otlp": False,
        "max_executor_threads": 64,
    }
    DBOS(config=config)
    DBOS.launch()
    try:
        with asyncio.Runner() as runner:
            threads = order.options["mode"] == "sync"
            contend(
                order,
                run_in_threads if threads else run_on_loop(runner),
                in_flight=(1, 4, 16) if threads else (4, 16, 64),
                facts={"version": version("dbos")},
            )
    finally:
        DBOS.destroy()


if __name__ == "__main__":
    main()
