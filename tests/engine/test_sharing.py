"""Other processes submit to the database and operate on it; the engine notices soon."""

import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest

from tasker import Engine
from tasker.errors import StoreInUseError
from tests.engine.other_process import definition
from tests.engine.support import QUICK, Gate, request

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'shared.db'}"


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


async def test_an_operation_is_noticed_within_a_second(url):
    gate = Gate()
    async with Engine.open(url, definitions=gate.definition()) as engine:
        task_id = await engine.submit(request())
        await gate.until(entered=1)
        async with Engine.open(url, work=False) as beside:
            began = time.monotonic()
            assert await beside.cancel(task_id) == "cancelled"
            assert time.monotonic() - began < 1.0


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
