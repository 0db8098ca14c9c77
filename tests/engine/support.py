"""What tests of the engine share: small definitions, and handlers that can be imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from tasker import Backoff, DefinitionBuilder, EngineConfig, TaskRequest, define

QUICK = EngineConfig(
    backoff=Backoff(delays=(0.01,), exponent=0.0, max_seconds=0.01),
    shutdown_seconds=0.0,
    poll_seconds=0.05,
)
"""Retries and polls without a wait worth the name."""


def request(name: str = "work", **fields: Any) -> TaskRequest:
    return TaskRequest(name=name, **fields)


def one_step(name: str = "work", handler: Any = None, **options: Any) -> DefinitionBuilder:
    """Return a definition of one step, `step`, that returns its context."""
    definition = define(name)
    definition.add_step("step", handler or give_context, **options)
    return definition


async def give_context(task: Any) -> Any:
    return task.context


class Gate:
    """A handler that waits until it is let through, and tells how it was left."""

    def __init__(self) -> None:
        self.opened = anyio.Event()
        self.entered: list[Any] = []
        self.left: list[str] = []
        self.most_inside = 0
        self._arrived = anyio.Event()

    @property
    def inside(self) -> int:
        return len(self.entered) - len(self.left)

    async def pass_through(self, what: Any = None) -> Any:
        self.entered.append(what)
        self.most_inside = max(self.most_inside, self.inside)
        self._arrived.set()
        how = "cancelled"
        try:
            await self.opened.wait()
            how = "passed"
            return what
        finally:
            self.left.append(how)
            self._arrived.set()

    def open(self) -> None:
        self.opened.set()

    async def until(self, entered: int = 0, left: int = 0) -> None:
        """Wait until that many have come in, and that many have left."""
        with anyio.fail_after(20):
            while len(self.entered) < entered or len(self.left) < left:
                self._arrived = anyio.Event()
                await self._arrived.wait()

    def definition(self, name: str = "work", **options: Any) -> DefinitionBuilder:
        """Return a definition whose one step, `step`, passes through."""

        async def step(task: Any) -> Any:
            return await self.pass_through(task.context.get("n"))

        return one_step(name, step, **options)


async def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition that another thread or task brings about."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110
            await anyio.sleep(0.005)
