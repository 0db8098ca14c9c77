"""What is under way as an engine closes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import anyio
import pytest

from tasker import Engine, TaskRequest, TaskState, define
from tasker.stores import Append, MemoryStore, StoreError

late = define("late")


@late.step
async def work(task: object) -> str:
    return "done"


class GatedStore(MemoryStore):
    """Commits wait for the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = anyio.Event()
        self.gate = anyio.Event()

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        self.reached.set()
        await self.gate.wait()
        return await super().commit(appends)


async def test_a_submit_that_is_being_written_as_the_engine_closes_is_kept(
    caplog: pytest.LogCaptureFixture,
):
    store = GatedStore()
    ids: list[str] = []

    async def submit(engine: Engine) -> None:
        ids.append(await engine.submit(TaskRequest(name="late")))

    async def open_the_gate_when_closed(engine: Engine) -> None:
        while engine.health().healthy:  # until it is closing
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        store.gate.set()

    with anyio.fail_after(20):
        async with (
            anyio.create_task_group() as group,
            Engine.open(store, definitions=late) as engine,
        ):
            group.start_soon(submit, engine)
            await store.reached.wait()
            group.start_soon(open_the_gate_when_closed, engine)
        assert "failed" not in caplog.text
        async with Engine.open(store, definitions=late) as engine:
            assert (await engine.wait(ids[0])).state is TaskState.COMPLETE
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]
