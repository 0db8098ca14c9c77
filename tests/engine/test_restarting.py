"""A part of the engine that fails is started again, and nobody who waits is let down."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tasker import Engine, TaskRequest, TaskState, define


async def test_who_waits_for_a_task_outlasts_a_failure_of_the_residency(
    caplog: pytest.LogCaptureFixture,
):
    gate = anyio.Event()
    gated = define("gated")

    @gated.step
    async def wait_for_gate() -> None:
        await gate.wait()

    async with Engine.open("memory://", definitions=gated) as engine:
        task_id = await engine.submit(TaskRequest(name="gated"))
        residency: Any = engine._runtime.residency
        fill = residency._fill

        async def fail_once() -> None:
            residency._fill = fill
            raise RuntimeError("a fault of its own")

        states: list[TaskState] = []

        async def wait() -> None:
            states.append((await engine.wait(task_id)).state)

        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                await anyio.wait_all_tasks_blocked()
                residency._fill = fail_once
                residency._agenda.look()
                await anyio.wait_all_tasks_blocked()
                gate.set()
    assert "a fault of its own" in caplog.text
    assert states == [TaskState.COMPLETE]
