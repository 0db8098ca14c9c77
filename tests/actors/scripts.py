"""Scripts for the steps of a test, and a plan of one step."""

from __future__ import annotations

from typing import Any

import anyio

from tasker.actors.protocols import AttemptOrder
from tasker.actors.workflow.plan import Backoff
from tests.actors.world import failed
from tests.workflow.rules import make_plan

ONE = make_plan({"a": ()}, {"a": {"retry_limit": 3}}, backoff=Backoff(jitter=0.0))


class Gate:
    """A script that runs until it is opened."""

    def __init__(self) -> None:
        self.opened = anyio.Event()

    async def __call__(self, order: AttemptOrder) -> None:
        await self.opened.wait()


def failing(times: int, **error: Any) -> Any:
    async def script(order: AttemptOrder) -> Any:
        return failed(**error) if order.attempt <= times else None

    return script
