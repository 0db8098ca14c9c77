"""Hooks that hang or raise: the task goes on, and somebody hears of it."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest

from tasker import TaskHandler, TaskRequest, TaskState, define
from tasker.handlers import runner
from tasker.testing import testing_engine


class Hanging(TaskHandler):
    async def update_annotations(self, task: Any, sequence: Any, steps: Any) -> None:
        await anyio.sleep_forever()


class Raising(TaskHandler):
    def order_ready_steps(self, task: Any, ready: Any) -> Any:
        raise ValueError("no order")


async def work() -> str:
    return "done"


async def test_a_hook_that_hangs_holds_its_task_for_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(runner, "HOOK_SECONDS", 0.01)
    hanging = define("hanging", task_handler=Hanging)
    hanging.add_step("one", work)
    async with testing_engine(hanging) as engine:
        task = await engine.run(TaskRequest(name="hanging"))
        [note] = await engine.annotations(task.task_id)
    assert task.state is TaskState.COMPLETE
    assert note.type == "tasker.hook_failed"
    assert note.annotation["error_class"] == "TimeoutError"
    assert "update_annotations failed" in caplog.text


async def test_a_hook_that_cannot_order_is_logged_and_the_steps_run(
    caplog: pytest.LogCaptureFixture,
):
    raising = define("raising", task_handler=Raising)
    raising.add_step("one", work)
    raising.add_step("two", work)
    with caplog.at_level(logging.WARNING, "tasker"):
        async with testing_engine(raising) as engine:
            task = await engine.run(TaskRequest(name="raising"))
    assert task.state is TaskState.COMPLETE
    assert f"task {task.task_id}: order_ready_steps failed" in caplog.text
    assert "no order" in caplog.text
