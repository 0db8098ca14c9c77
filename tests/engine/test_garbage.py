"""What a task leaves behind in memory when it has ended: nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tasker.actors.mailbox import Mailbox
from tasker.actors.step import StepActor
from tasker.actors.task import TaskSupervisor
from tasker.actors.workflow.state import WorkflowState
from tasker.definitions.python import define
from tasker.engine import Engine
from tasker.request import TaskRequest
from tests.engine.support import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Have cycles stay: only what nothing refers to is freed."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive(*kinds: type) -> dict[str, int]:
    everything = gc.get_objects()
    return {kind.__name__: sum(type(each) is kind for each in everything) for kind in kinds}


@pytest.mark.usefixtures("uncollected")
async def test_tasks_that_have_ended_are_freed_at_once_and_not_by_the_collector():
    builder = define("diamond")

    async def one() -> int:
        return 1

    for name, parents in {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}.items():
        builder.add_step(name, one, depends_on=parents)
    kinds = (TaskSupervisor, WorkflowState, StepActor, Mailbox)
    async with Engine.open("memory://", definitions=builder) as engine:
        before = alive(*kinds)
        for _ in range(5):
            await engine.run(TaskRequest(name="diamond"))
        # The last one's supervisor has yet to hear that it is done.
        await until(lambda: alive(*kinds) == before)
