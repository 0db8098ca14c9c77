"""The whole tree of actors, as one thing to open and close."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from tasker.actors.supervisor import ActorDescription, Supervisor


class ActorSystem:
    """A tree of supervisors. Leaving it ends every actor, the youngest branch first."""

    def __init__(
        self, name: str, *, on_failure: Callable[[str, Exception], None] | None = None
    ) -> None:
        self.root = Supervisor(name, on_failure=on_failure)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> ActorSystem:
        await self._stack.__aenter__()
        await self._stack.enter_async_context(self.root)
        return self

    async def __aexit__(self, *exc: Any) -> bool | None:
        return await self._stack.__aexit__(*exc)

    async def branch(self, supervisor: Supervisor) -> Supervisor:
        """Open a supervisor below the root, and return it."""
        await self._stack.enter_async_context(supervisor)
        self.root.attach(supervisor)
        return supervisor

    def describe(self, limit: int = 100) -> ActorDescription:
        """Return the tree, at most ``limit`` children of each supervisor."""
        return self.root.describe(limit)
