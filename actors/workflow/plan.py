"""What the workflow rules need to know of a definition: the graph and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct

from tasker.stores.records import StepRecord


class Backoff(Struct, frozen=True, kw_only=True):
    """How long to wait between attempts, in seconds; see ``retry.py`` for the formula."""

    delays: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    exponent: float = 2.0
    max_seconds: float = 300.0
    jitter: float = 0.1


class StepPlan(Struct, frozen=True, kw_only=True):
    """One step, its neighbours as indexes into `Plan.steps`.

    ``limit_key`` names the limiter that its attempts share, None for none;
    ``concurrency`` and ``rate`` (starts per second) are that limiter's bounds.
    """

    name: str
    index: int
    depends_on: tuple[int, ...] = ()
    dependents: tuple[int, ...] = ()
    retryable: bool = True
    retry_limit: int = 3
    skippable: bool = False
    timeout_seconds: float | None = None
    limit_key: str | None = None
    concurrency: int | None = None
    rate: float | None = None


class Plan(Struct, frozen=True, kw_only=True, dict=True):
    """A task's graph, checked to be free of cycles by whoever made it.

    ``annotates`` and ``orders_ready`` say whether the task has those hooks.
    """

    definition_hash: str
    steps: tuple[StepPlan, ...]
    backoff: Backoff = Backoff()
    max_execution_seconds: float | None = None
    max_concurrent_steps: int | None = None
    annotates: bool = False
    orders_ready: bool = False

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Each step's index under its name."""
        return {step.name: step.index for step in self.steps}

    @cached_property
    def parent_counts(self) -> tuple[int, ...]:
        """How many dependencies each step has."""
        return tuple(len(step.depends_on) for step in self.steps)

    @cached_property
    def parents(self) -> tuple[tuple[str, ...], ...]:
        """The names of the steps that each step depends on."""
        return tuple(tuple(self.steps[at].name for at in step.depends_on) for step in self.steps)

    @cached_property
    def roots(self) -> tuple[int, ...]:
        """The steps that depend on none."""
        return tuple(step.index for step in self.steps if not step.depends_on)

    @cached_property
    def blank_records(self) -> tuple[StepRecord, ...]:
        """The records of a task that has not begun; shared, since they are frozen."""
        return tuple(StepRecord(name=step.name) for step in self.steps)
