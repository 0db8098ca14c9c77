"""No handler sees what another step did before the store has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio

from tasker import Engine, TaskRequest, TaskState, define
from tasker.stores import Append, MemoryStore, StoreError


class GatedStore(MemoryStore):
    """Commits that hold a result of the step ``quick`` wait for the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.held = anyio.Event()
        self.gate = anyio.Event()

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        if any(step.name == "quick" and step.results for each in appends for step in each.steps):
            self.held.set()
            await self.gate.wait()
        return await super().commit(appends)


async def test_a_step_sees_the_result_of_one_beside_it_only_once_it_is_durable():
    store = GatedStore()
    beside = define("beside")
    seen: list[tuple[str, Any]] = []

    @beside.step
    async def quick() -> str:
        return "done"

    @beside.step
    async def looking(sequence: Any) -> None:
        await store.held.wait()
        step = sequence.find_step_by_name("quick")
        seen.append((step.state, step.results))
        store.gate.set()

    with anyio.fail_after(20):
        async with Engine.open(store, definitions=beside) as engine:
            task = await engine.run(TaskRequest(name="beside"))
    assert task.state is TaskState.COMPLETE
    assert seen == [("in_progress", None)]
