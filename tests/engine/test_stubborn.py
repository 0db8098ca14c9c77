"""Handlers and cancellation: those that clean up, and those that will not end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import anyio
import pytest

from tasker import TaskRequest, TaskState, define
from tasker.actors import residency
from tasker.actors.step import GRACE_SECONDS
from tasker.actors.workflow.outcome import TIMED_OUT
from tasker.testing import testing_engine

cleaning = define("cleaning")
stubborn = define("stubborn")
cleaned: list[str] = []


@cleaning.step(timeout_seconds=10, retry_limit=1)
async def clean_up(task: object) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        await anyio.lowlevel.checkpoint()
        cleaned.append("awaited")


@stubborn.step(timeout_seconds=10, retry_limit=1)
async def never_end() -> None:
    while True:
        with suppress(asyncio.CancelledError):
            await anyio.sleep_forever()


async def test_a_handler_that_timed_out_may_await_to_clean_up():
    cleaned.clear()
    async with testing_engine(cleaning) as engine:
        task_id = await engine.submit(TaskRequest(name="cleaning"))
        await engine.clock.advance(10)
        task = await engine.wait(task_id)
    assert task.errors["clean_up"].error_class == TIMED_OUT
    assert cleaned == ["awaited"]


async def test_a_handler_that_swallows_its_cancellation_is_given_up(
    caplog: pytest.LogCaptureFixture,
):
    async with testing_engine(stubborn) as engine:
        task_id = await engine.submit(TaskRequest(name="stubborn"))
        await engine.clock.advance(10)
        assert (await engine.get(task_id)).state is TaskState.IN_PROGRESS
        with caplog.at_level(logging.ERROR, "tasker"):
            await engine.clock.advance(GRACE_SECONDS)
            task = await engine.wait(task_id)
    assert task.errors["never_end"].error_class == TIMED_OUT
    assert f"handler {__name__}:never_end did not end" in caplog.text


async def test_closing_the_engine_gives_up_one_that_will_not_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(residency, "HAND_BACK_SECONDS", 0.1)
    async with testing_engine(stubborn) as engine:
        task_id = await engine.submit(TaskRequest(name="stubborn"))
        await engine.cancel(task_id)
        assert (await engine.get(task_id)).state is TaskState.CANCELLED
