"""Other processes submit to the database and operate on it; the engine notices soon."""

import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tasker import Engine
from tasker.errors import StoreInUseError
from tasker.testing import ManualClock
from tests.engine.other_process import definition
from tests.engine.support import QUICK, Gate, request, until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(store_url):
    return store_url


async def other(url, *arguments):
    """Run the other process to its end; return what it said, line by line."""
    command = [sys.executable, "-W", "error", "-m", "tests.engine.other_process", url]
    done = await anyio.run_process(
        [*command, *map(str, arguments)], cwd=ROOT, stderr=subprocess.STDOUT, check=False
    )
    said = done.stdout.decode()
    assert done.returncode == 0, said
    return said.split("\n")[:-1]


async def test_what_another_process_submits_is_begun_within_a_second(url):
    # The second is measured from the moment that the submit was durable.
    async with Engine.open(url, definitions=definition()) as engine:
        for task_id in await other(url, "submit", 3):
            task = await engine.wait(task_id, timeout_seconds=20)
            assert task.state == "complete"
            assert task.started_at is not None
            assert (task.started_at - task.created_at).total_seconds() < 1.0


async def test_another_process_waits_for_its_own_task(url):
    async with Engine.open(url, definitions=definition(), config=QUICK):
        assert await other(url, "run") == ["complete"]


async def test_another_process_operates_on_a_running_task(url):
    gate = Gate()
    async with Engine.open(
        url, definitions=[gate.definition(), definition()], config=QUICK
    ) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        assert await other(url, "cancel", task_id) == ["cancelled"]
        assert gate.left == ["cancelled"]
        (said,) = await other(url, "cancel", task_id)
        assert said.startswith(f"InvalidOperationError cannot cancel task {task_id}"), said
        assert "cancelled" in said
        (said,) = await other(url, "pause", "no-such-task")
        assert said.startswith("UnknownTaskError")


async def test_a_command_is_left_to_whoever_works_the_store(url):
    async with (
        Engine.open(url, definitions=definition(), config=QUICK),
        Engine.open(url, definitions=definition(), work=False) as beside,
    ):
        # Nobody in this process looks for commands, not even for those that it leaves.
        actors = beside._runtime.system.root.describe().children
        assert "journal" in {actor.name for actor in actors}
        assert "inbox" not in {actor.name for actor in actors}


async def test_an_operation_is_noticed_within_a_second(tmp_path):
    # By polling, as a file is; PostgreSQL tells of it.
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    gate, clock, answers = Gate(), ManualClock(), []
    async with (
        Engine.open(url, definitions=gate.definition(), clock=clock) as engine,
        Engine.open(url, work=False) as beside,
        anyio.create_task_group() as group,
    ):
        task_id = await engine.submit(request())
        await gate.until(entered=1)

        async def cancel():
            answers.append(await beside.cancel(task_id))

        # On this clock nobody waits but the engine, for its next look at the store.
        await until(lambda: clock.next_at is not None)
        looks_in = (clock.next_at or 0.0) - clock.now()
        assert looks_in < 1.0
        group.start_soon(cancel)
        with anyio.fail_after(20):
            while not await beside._store.waiting_commands(1, "node-a"):  # noqa: ASYNC110
                await anyio.sleep(0.002)
        assert answers == []
        await clock.advance(looks_in)
        # It was noticed then, however long the machine takes to do it.
        await until(lambda: answers)
    assert answers == ["cancelled"]


async def test_a_second_engine_is_told_who_works_the_store(url):
    async with Engine.open(url, definitions=definition(), config=QUICK) as engine:
        with pytest.raises(StoreInUseError, match="work=False"):
            async with Engine.open(url, definitions=definition()):
                pass
        assert (await engine.run(request("shared"), timeout_seconds=20)).state == "complete"


async def test_what_is_submitted_while_nobody_works_waits(url):
    (task_id,) = await other(url, "submit", 1)
    assert await other(url, "pause", task_id) == ["paused"]
    async with Engine.open(url, definitions=definition(), config=QUICK) as engine:
        assert (await engine.get(task_id)).state == "paused"
        await engine.resume(task_id)
        assert (await engine.wait(task_id, timeout_seconds=20)).state == "complete"
