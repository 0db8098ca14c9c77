"""Tasks that take known times, on a clock that jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from tasker import (
    DefinitionBuilder,
    EngineConfig,
    PermanentError,
    RetryableError,
    TaskRequest,
    define,
)
from tasker.testing import JumpClock, ManualClock, testing_engine
from tasker.testing.engine import CapturingEngine

BACKOFF_SECONDS = 3.0


class Shop:
    """A definition whose steps take the seconds they are given, and fail as they are told."""

    def __init__(self, clock: ManualClock | None = None) -> None:
        self.clock = clock or JumpClock()
        self.definition: DefinitionBuilder = define("order", namespace="shop")
        self.start = self.clock.now()

    def step(
        self,
        name: str,
        *depends_on: str,
        seconds: float = 0.0,
        failures: int = 0,
        permanent: str | None = None,
        retry_limit: int = 3,
    ) -> None:
        left = [failures]

        async def process() -> str:
            await self.clock.sleep(seconds)
            if permanent is not None:
                raise PermanentError(permanent)
            if left[0]:
                left[0] -= 1
                raise RetryableError("busy", retry_after=BACKOFF_SECONDS)
            return name

        self.definition.add_step(
            name, process, depends_on=list(depends_on), retry_limit=retry_limit
        )

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    @asynccontextmanager
    async def open(self, *, permits: int = 10) -> AsyncIterator[CapturingEngine]:
        config = EngineConfig(max_concurrent_steps=permits, shutdown_seconds=0.0)
        async with testing_engine(self.definition, clock=self.clock, config=config) as engine:
            yield engine

    def request(self) -> TaskRequest:
        return TaskRequest(name="order", namespace="shop")


def order() -> Shop:
    """Two queries, one slow; a join that fails once; and what follows from it."""
    shop = Shop()
    shop.step("users", seconds=2)
    shop.step("orders", seconds=5)
    shop.step("join", "users", "orders", seconds=4, failures=1)
    shop.step("report", "join", seconds=1)
    shop.step("audit", "users", seconds=1)
    return shop
