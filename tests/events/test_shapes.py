"""The order and count of the events of a task, exactly; none twice."""

import sys
from pathlib import Path

import anyio
import pytest

from tasker import TaskRequest, define
from tasker.testing import testing_engine
from tests.events import shapes
from tests.events.support import chain, failing, told, until

ROOT = Path(__file__).parents[2]


async def run(definition):
    async with testing_engine(definition) as engine:
        task = await engine.run(TaskRequest(name=definition.load().definition.name))
        return engine.captured.of(task.task_id)


def each_once(events):
    ids = [event.event_id for event in events]
    assert len(set(ids)) == len(ids)
    return told(events)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        pytest.param(chain(), shapes.HAPPY, id="happy"),
        pytest.param(failing(1), shapes.RETRIED, id="retried"),
        pytest.param(failing(2, limit=2), shapes.EXHAUSTED, id="exhausted"),
    ],
)
async def test_a_task_that_runs_to_its_end(definition, expected):
    assert each_once(await run(definition)) == expected


@pytest.fixture
def gated():
    opened, entered = anyio.Event(), anyio.Event()
    definition = define("gated")

    @definition.step
    async def first():
        entered.set()
        await opened.wait()

    @definition.step
    async def second(first):
        pass

    return definition, entered, opened


async def test_a_task_that_is_cancelled(gated):
    definition, entered, _ = gated
    async with testing_engine(definition) as engine:
        task_id = await engine.submit(TaskRequest(name="gated"))
        await entered.wait()
        await engine.cancel(task_id, by="ann")
        await until(lambda: "observability.step.handle" in engine.captured.names(task_id))
        events = engine.captured.of(task_id)
    assert each_once(events) == shapes.CANCELLED
    [cancelled] = [event for event in events if event.name == "task.cancelled"]
    assert (cancelled.by, cancelled.total_steps, cancelled.completed_steps) == ("ann", 2, 0)


async def test_a_task_that_is_paused(gated):
    definition, entered, opened = gated
    async with testing_engine(definition) as engine:
        task_id = await engine.submit(TaskRequest(name="gated"))
        await entered.wait()
        await engine.pause(task_id)
        opened.set()
        await until(lambda: engine.health().tasks.released)
        await engine.resume(task_id)
        await engine.wait(task_id)
        events = engine.captured.of(task_id)
    assert each_once(events) == shapes.PAUSED


async def test_a_task_whose_process_is_killed(tmp_path):
    command = [sys.executable, "-m", "tests.events.killed", str(tmp_path / "work.db")]
    before: list[str] = []
    async with await anyio.open_process(command, cwd=ROOT, stderr=None) as process:
        async for line in lines_of(process):
            before.append(line)
            if line.endswith("step.before_handle first#1"):
                process.kill()
    after: list[str] = []
    async with await anyio.open_process([*command, "--go-on"], cwd=ROOT, stderr=None) as process:
        async for line in lines_of(process):
            after.append(line)
    assert [line.partition(" ")[2] for line in before] == shapes.KILLED
    assert [line.partition(" ")[2] for line in after] == shapes.RECOVERED
    ids = [line.partition(" ")[0] for line in before + after]
    assert len(set(ids)) == len(ids)


async def lines_of(process):
    left = ""
    async for data in process.stdout:
        *lines, left = (left + data.decode()).split("\n")
        for line in lines:
            yield line
