"""Prefect 3, with its own server on a SQLite file.

For speed: logs are not sent to the server, nothing is counted for its authors, no
cache keys are computed; tasks beside each other are submitted together. Results are
kept, since without them nothing could go on after a crash.
"""

from __future__ import annotations

import asyncio
import os
from importlib.metadata import version

from benchmarks.peers.driver import CHAIN_STEPS, FANOUT_STEPS, contend, read_order
from benchmarks.peers.gathering import gather_bounded


def configure(home: str) -> None:
    """Set what Prefect reads from the environment as it is imported."""
    os.environ.update(
        {
            "PREFECT_HOME": home,
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "60",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_LOGGING_TO_API_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
            "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
            "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
        }
    )
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE"):
        os.environ.pop(name, None)


def main() -> None:
    """Answer the order."""
    order = read_order()
    configure(str(order.directory))
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    @task(cache_policy=NO_CACHE)
    async def step() -> int:
        return 1

    @flow
    async def diamond() -> int:
        await step()
        await asyncio.gather(step(), step())
        return await step()

    @flow
    async def chain() -> int:
        for _ in range(CHAIN_STEPS):
            await step()
        return 1

    @flow
    async def fanout() -> int:
        await step()
        await asyncio.gather(*(step() for _ in range(FANOUT_STEPS)))
        return await step()

    flows = {"diamond": diamond, "chain": chain, "fanout": fanout}
    with asyncio.Runner() as runner:
        contend(
            order,
            lambda shape, tasks, in_flight: runner.run(
                gather_bounded(flows[shape], tasks, in_flight)
            ),
            in_flight=(1, 4, 16),
            facts={"version": version("prefect"), "fastapi": version("fastapi")},
        )


if __name__ == "__main__":
    main()
