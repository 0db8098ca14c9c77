"""What every route works with: the engine, who may do what, and how much is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from tasker.engine import Engine
from tasker.errors import UnknownTaskError
from tasker.server.access.caller import Policy
from tasker.server.access.protocols import Authenticator, Coordinator, Subject
from tasker.server.admission import Admission
from tasker.server.config import SidecarConfig
from tasker.server.feed import Feed
from tasker.task_view import TaskView

T = TypeVar("T")


class Sidecar:
    """One engine, served. Two in one process share nothing."""

    def __init__(
        self,
        engine: Engine,
        config: SidecarConfig,
        *,
        authenticator: Authenticator,
        coordinator: Coordinator,
    ) -> None:
        self.engine = engine
        self.config = config
        self.authenticator = authenticator
        self.coordinator = coordinator
        self.policy = Policy(
            coordinator=coordinator, open=frozenset(config.auth.open), find=self._find
        )
        self.admission = Admission(engine, config)
        self.feed = Feed(
            engine,
            buffer=config.stream_buffer,
            history=config.stream_history,
            kept=config.stream_kept,
        )
        self._stopping = anyio.Event()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End what would go on for long: streams of events, and waits."""
        self._stopping.set()
        self.feed.close()

    async def wait(self, task_id: str, seconds: float) -> TaskView:
        """Return a task once it is at rest, or as it is after so many seconds.

        Raises:
            UnknownTaskError: There is no such task.
        """
        with anyio.move_on_after(min(seconds, self.config.max_wait_seconds)):
            found = await self._unless_stopped(lambda: self.engine.wait(task_id))
            if found is not None:
                return found
        return await self.engine.get(task_id)

    async def _find(self, task_id: str) -> Subject | None:
        try:
            return await self.engine.get(task_id)
        except UnknownTaskError:
            return None

    async def _unless_stopped(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Return what the work returns, or None once the server stops."""
        done: list[T] = []
        failed: list[Exception] = []
        async with anyio.create_task_group() as group:

            async def run() -> None:
                try:
                    done.append(await work())
                except Exception as error:
                    failed.append(error)
                group.cancel_scope.cancel()

            group.start_soon(run)
            await self._stopping.wait()
            group.cancel_scope.cancel()
        if failed:
            raise failed[0]
        return done[0] if done else None
