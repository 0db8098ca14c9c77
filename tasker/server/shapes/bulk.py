"""What becomes of many tasks that are asked for with one request."""

from __future__ import annotations

from msgspec import Struct

from tasker.server.problems import Problem


class BulkOutcome(Struct, frozen=True, kw_only=True):
    """What became of one request: ``status`` is that of HTTP, had it come alone.

    ``task_id`` is the task's, also where an idempotency key was known already; ``problem``
    says why there is none.
    """

    index: int
    status: int
    task_id: str | None
    problem: Problem | None


class BulkOutcomes(Struct, frozen=True, kw_only=True):
    """What became of the requests, in their order, and how many tasks are new."""

    created: int
    refused: int
    outcomes: tuple[BulkOutcome, ...]
