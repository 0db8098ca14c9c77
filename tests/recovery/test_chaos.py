"""Four processes on one PostgreSQL: killed, stopped for longer than their lease, cut off.

Tasks of mixed shape are submitted from outside. Every attempt leaves durable lines in a
ledger beside the database, which tells afterwards what really ran.
"""

import random
import signal
import sys
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from tasker import Engine, EngineConfig
from tasker.errors import StoreUnavailableError
from tests.recovery.node import LEASE_SECONDS
from tests.recovery.verdict import Outcome, broken_promises, ending, read_ledger, read_outcomes
from tests.recovery.work import definitions, request_of
from tests.servers.postgres import postgres_server

ROOT = Path(__file__).parents[2]
NODES = 4
CONFIG = EngineConfig(journal_capacity=10_000)


class Node:
    """One process, and whoever takes its place."""

    def __init__(self, url: str, ledger: Path) -> None:
        self._command = [sys.executable, "-m", "tests.recovery.node", url, str(ledger)]
        self._process: anyio.abc.Process | None = None

    async def start(self) -> None:
        self._process = await anyio.open_process(self._command, cwd=ROOT, stderr=None)
        assert self._process.stdout is not None
        said = BufferedByteReceiveStream(self._process.stdout)
        assert await said.receive_until(b"\n", 100) == b"working"

    async def killed(self) -> None:
        """Kill it, and start another one."""
        await self.end(signal.SIGKILL)
        await self.start()

    async def stopped(self, seconds: float) -> None:
        """Stop it for a while: it knows nothing of that when it goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        await anyio.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
        code = await self._process.wait()
        await self._process.aclose()
        return code


async def chaos(folder: Path, *, tasks: int, blows: int, seed: int) -> None:
    chance = random.Random(seed)

    async def strike(nodes: list[Node]) -> None:
        # In the middle of what was submitted just before.
        await anyio.sleep(chance.uniform(0.02, 0.2))
        await _blow(chance, nodes, server)

    async def leave_alone(nodes: list[Node]) -> None:
        pass

    requests = [request_of(number) for number in range(tasks)]
    portions = [requests[n::blows] for n in range(blows)]
    with postgres_server() as server:
        peace = await _seen_through(server.url("peace"), folder / "peace", portions, leave_alone)
        url = server.url("war", reconnect_seconds=30)
        war = await _seen_through(url, folder / "war", portions, strike)
    for number, (expected, outcome) in enumerate(zip(peace, war, strict=True)):
        assert ending(outcome.task) == ending(expected.task), number
    effects = read_ledger((folder / "war").read_text())
    assert broken_promises(effects, {each.task.task_id: each for each in war}) == []
    lost = [
        entry
        for outcome in war
        for entry in outcome.history
        if entry.detail.get("error_class") == "AttemptLost"
    ]
    assert lost, "no blow has hit any work"


async def _seen_through(url, ledger, portions, after_each) -> list[Outcome]:
    """Have nodes work tasks, and return how each ended; no task may be left with anybody."""
    async with (
        Engine.open(url, definitions=definitions(), config=CONFIG, work=False) as asking,
        AsyncExitStack() as stack,
    ):
        nodes = [Node(url, ledger) for _ in range(NODES)]
        for node in nodes:
            await node.start()
            stack.push_async_callback(node.end, signal.SIGKILL)
        ids: list[str] = []
        for requests in portions:
            made = await asking.submit_many(requests)
            assert all(isinstance(each, str) for each in made), made
            ids += map(str, made)
            await after_each(nodes)
        await _ended(asking, ids)
        for node in nodes:
            assert await node.end() == 0
        # Nothing is written any more.
        outcomes = await read_outcomes(asking, ids)
        left = await asking.nodes()
    assert [each for each in left if each.tasks] == []
    return [outcomes[task_id] for task_id in ids]


async def _blow(chance, nodes, server):
    kind = chance.choices(("kill", "stop", "restart", "cut"), weights=(4, 3, 1, 1))[0]
    if kind == "kill":
        await chance.choice(nodes).killed()
    elif kind == "stop":
        await chance.choice(nodes).stopped(LEASE_SECONDS * 1.2)
    elif kind == "restart":
        await anyio.to_thread.run_sync(server.stop, signal.SIGQUIT)
        await anyio.sleep(chance.uniform(0.0, LEASE_SECONDS * 1.5))
        await anyio.to_thread.run_sync(server.start)
    else:
        await anyio.to_thread.run_sync(server.cut)


async def _ended(engine, ids):
    """Return once all tasks are at rest."""
    with anyio.fail_after(240):
        for task_id in ids:
            while True:
                with suppress(StoreUnavailableError):
                    await engine.wait(task_id)
                    break


@pytest.mark.timeout(300)
async def test_nodes_that_fail_in_every_way_leave_every_task_right(tmp_path):
    await chaos(tmp_path, tasks=400, blows=8, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 4))
async def test_five_thousand_tasks_survive_chaos(tmp_path, seed):
    await chaos(tmp_path, tasks=5_000, blows=60, seed=seed)


async def test_the_tasks_of_a_dead_node_are_taken_over_within_its_lease_and_two_seconds(
    tmp_path, postgres
):
    url, ledger = postgres.url(), tmp_path / "ledger"
    async with Engine.open(url, definitions=definitions(), work=False) as asking:
        first, second = Node(url, ledger), Node(url, ledger)
        await first.start()
        task_id = await asking.submit(request_of(0))
        (status,) = await asking.nodes()
        with anyio.fail_after(20):
            while (await asking.nodes())[0].tasks == 0:  # noqa: ASYNC110
                await anyio.sleep(0.001)
        await first.end(signal.SIGKILL)
        died = time.monotonic()
        await second.start()
        try:
            with anyio.fail_after(LEASE_SECONDS + 2.0):
                while (await asking.get(task_id)).state != "complete":  # noqa: ASYNC110
                    await anyio.sleep(0.01)
            assert time.monotonic() - died < LEASE_SECONDS + 2.0
        finally:
            await second.end(signal.SIGKILL)
    assert (status.lease_seconds or 0) <= LEASE_SECONDS
