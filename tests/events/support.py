"""What tests of events share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import anyio

from tasker import RetryableError, define
from tasker.definitions.python import DefinitionBuilder
from tasker.events import Event


def told(events: Iterable[Event]) -> list[str]:
    """Return events as ``name step#attempt``."""
    return [
        " ".join([event.name, f"{event.get('step')}#{event.get('attempt')}"])
        if event.get("step")
        else event.name
        for event in events
    ]


def chain(name: str = "chain") -> DefinitionBuilder:
    """Return a definition of two steps that succeed."""
    made = define(name)

    @made.step
    async def first() -> int:
        return 1

    @made.step
    async def second(first: int) -> int:
        return first + 1

    return made


def failing(times: int, name: str = "failing", limit: int = 3) -> DefinitionBuilder:
    """Return a definition of one step that fails that many times."""
    made = define(name)

    @made.step(retry_limit=limit)
    async def work(step: Any) -> int:
        if step.attempt <= times:
            raise RetryableError("the bank is away", retry_after=5)
        return step.attempt  # type: ignore[no-any-return]

    return made


async def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition that another thread or task brings about."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110
            await anyio.sleep(0.002)
