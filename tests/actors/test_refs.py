"""Telling and asking: where answers and errors go."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tasker.actors.actor import Actor
from tasker.actors.errors import ActorStoppedError, AskTimeoutError
from tasker.actors.supervisor import Supervisor
from tests.actors.world import settle


class Echo(Actor):
    """Answers with what it got; does as it is told."""

    def __init__(self, name: str = "echo", **options: Any) -> None:
        super().__init__(name, **options)
        self.got: list[Any] = []
        self.blocked = anyio.Event()

    async def receive(self, message: Any) -> Any:
        self.got.append(message)
        if isinstance(message, Exception):
            raise message
        if message == "block":
            await self.blocked.wait()
        if message == "stop":
            self.stop()
        return message


class Batching(Echo):
    batch_limit = 10


def watched() -> tuple[Supervisor, list[tuple[str, Exception]]]:
    failures: list[tuple[str, Exception]] = []
    return Supervisor("top", on_failure=lambda *failure: failures.append(failure)), failures


async def test_an_ask_is_answered():
    top, _ = watched()
    async with top:
        ref = top.adopt(Echo())
        assert await ref.ask(7) == 7
        assert await ref.ask(8, timeout_seconds=5) == 8


async def test_an_error_in_an_ask_goes_to_the_asker_and_the_actor_lives():
    top, failures = watched()
    async with top:
        ref = top.adopt(Echo())
        with pytest.raises(ValueError, match="mine"):
            await ref.ask(ValueError("mine"))
        assert await ref.ask(1) == 1
        assert failures == []


async def test_an_error_in_a_tell_goes_to_the_supervisor():
    top, failures = watched()
    heard: list[Exception] = []
    async with top:
        ref = top.adopt(Echo(), on_failure=heard.append)
        error = ValueError("yours")
        ref.tell_nowait(error)
        await settle()
        assert heard == [error]
        assert failures == [("echo", error)]
        with pytest.raises(ActorStoppedError):
            await ref.ask(1)


async def test_an_ask_has_a_deadline():
    top, _ = watched()
    async with top:
        actor = Echo()
        ref = top.adopt(actor)
        with pytest.raises(AskTimeoutError, match=r"echo did not answer within 0\.01 s"):
            await ref.ask("block", timeout_seconds=0.01)
        actor.blocked.set()
        assert await ref.ask(2) == 2  # the late answer disturbs nobody


async def test_the_deadline_counts_the_wait_for_room():
    top, _ = watched()
    async with top:
        actor = Echo(capacity=1)
        ref = top.adopt(actor)
        ref.tell_nowait("block")
        await settle()
        ref.tell_nowait("fills the box")
        with pytest.raises(AskTimeoutError):
            await ref.ask("too much", timeout_seconds=0.01)
        actor.blocked.set()
        await settle()
        assert actor.got == ["block", "fills the box"]


async def test_an_ask_that_was_not_handled_is_told_when_the_actor_stops():
    top, _ = watched()
    async with top:
        ref = top.adopt(Echo())
        ref.tell_nowait("stop")
        with pytest.raises(ActorStoppedError, match="echo"):
            await ref.ask("after")


async def test_an_ask_under_way_is_told_when_the_actor_is_cancelled():
    top, _ = watched()
    async with top:
        echo = Echo()
        top.adopt(echo)
        answers: list[Exception] = []

        async def ask() -> None:
            try:
                await echo.ref.ask("block")
            except ActorStoppedError as error:
                answers.append(error)

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await settle()
            top.cancel(echo)
        assert len(answers) == 1


async def test_the_asks_behind_a_failed_tell_of_one_batch_are_told():
    top, _ = watched()
    async with top:
        ref = top.adopt(Batching())
        ref.tell_nowait(ValueError("first"))
        with pytest.raises(ActorStoppedError), anyio.fail_after(1):
            await ref.ask("behind it")
