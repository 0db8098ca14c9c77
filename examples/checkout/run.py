"""Submit a checkout for every cart, and follow them all to the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import anyio

from examples.checkout.report import Progress
from tasker import DuplicateTaskError, Engine, TaskRequest, TaskState, TaskView

DEFINITION = Path(__file__).with_name("process_order.yaml")


class Outcome(NamedTuple):
    """What became of a cart; ``expected`` and ``found`` are ``complete``, or an error code."""

    order_number: str
    expected: str
    task: TaskView

    @property
    def found(self) -> str:
        """``complete``, or why not."""
        if self.task.state is TaskState.COMPLETE:
            return "complete"
        codes = [error.error_code or error.error_class for error in self.task.errors.values()]
        return ", ".join(codes) or self.task.state

    @property
    def as_expected(self) -> bool:
        """Whether it is what the cart said."""
        return self.found == self.expected

    @property
    def retries(self) -> int:
        """Attempts beyond the first of each step."""
        return sum(max(step.attempts - 1, 0) for step in self.task.steps)


async def check_out(
    engine: Engine, carts: Iterable[Mapping[str, Any]], *, run: str, progress: Progress
) -> list[Outcome]:
    """Return the outcome of each cart, in the order in which they ended.

    An order is checked out once in a run, even when the run is started again: the
    idempotency key leads to the task that is there.
    """
    outcomes: list[Outcome] = []

    async def follow(cart: Mapping[str, Any]) -> None:
        number = cart["order_number"]
        request = TaskRequest(
            name="process_order",
            namespace="ecommerce",
            context=cart["context"],
            initiator="examples.checkout",
            tags=[f"run:{run}", f"order:{number}"],
            idempotency_key=f"{run}/{number}",
        )
        try:
            task_id = await engine.submit(request)
        except DuplicateTaskError as existing:
            task_id = existing.task_id
        progress.submitted(task_id, number)
        task = await engine.wait(task_id)
        outcomes.append(Outcome(number, cart["expected"], task))
        progress.ended(number, task)

    with engine.events("step.failed") as events:
        async with anyio.create_task_group() as watching:
            watching.start_soon(progress.watch, events)
            async with anyio.create_task_group() as following:
                for cart in carts:
                    following.start_soon(follow, cart)
            watching.cancel_scope.cancel()
    return outcomes
