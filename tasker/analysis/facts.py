"""What the analysis of a task starts from: how each step stands, and the graph around it."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from tasker.actors.workflow.retry import attempts_left
from tasker.actors.workflow.state import Standing, WorkflowState, standing
from tasker.actors.workflow.states import AT_REST, SATISFYING
from tasker.actors.workflow.status import ExecutionStatus, execution_status
from tasker.analysis.shape import Shape
from tasker.stores.records import StepRecord, StepState, TaskState

HEALTHY = "healthy"
_OVER = AT_REST - {TaskState.ERROR}


class StepFacts(Struct, frozen=True, kw_only=True):
    """One step.

    Attributes:
        record: As it is kept.
        stands: Where it stands for the workflow rules.
        satisfied: Whether every dependency is.
        ready: Whether an attempt may start now, due retries included.
        retry_limit: How many attempts count.
        exhausted: Whether that many were made.
        attempts_left: How many more the rules allow; 0 after a permanent error.
    """

    record: StepRecord
    stands: Standing
    satisfied: bool
    ready: bool
    retry_limit: int
    exhausted: bool
    attempts_left: int

    @property
    def name(self) -> str:
        """The step's name."""
        return self.record.name

    @property
    def state(self) -> StepState:
        """The step's state."""
        return self.record.state

    @property
    def attempts(self) -> int:
        """Every attempt begun."""
        return self.record.attempts

    @property
    def eligible(self) -> bool:
        """Whether another attempt is allowed."""
        return self.attempts_left > 0

    @property
    def done(self) -> bool:
        """Whether it satisfies those that depend on it."""
        return self.stands is Standing.DONE

    @property
    def failed(self) -> bool:
        """Whether its latest attempt failed, and no further one has begun."""
        return self.record.state is StepState.ERROR

    @property
    def blocked(self) -> bool:
        """Whether it waits for a dependency."""
        return not self.satisfied and not self.done

    @property
    def stuck(self) -> bool:
        """Whether it failed or was cancelled, and will not go on by itself."""
        return self.stands is Standing.BLOCKED

    def seconds_to_retry(self, now: float) -> float:
        """Return how long its backoff still lasts; 0 when it is in none."""
        return max(0.0, (self.record.retry_at or 0.0) - now)


class TaskFacts(Struct, frozen=True, kw_only=True, dict=True):
    """A task at one moment.

    ``steps`` stand in the order of ``shape``. ``over`` says that nothing more is expected
    of it: it is complete, cancelled, or resolved by hand. ``now`` is in Unix seconds.
    """

    shape: Shape
    steps: tuple[StepFacts, ...]
    status: ExecutionStatus
    over: bool
    now: float

    @classmethod
    def of(cls, state: WorkflowState, now: float, shape: Shape | None = None) -> TaskFacts:
        """Return the facts of a state.

        Args:
            state: The task; it is only read.
            now: Unix seconds.
            shape: That of its plan, from a caller who has it already.
        """
        plan = state.plan
        if shape is None:
            shape = Shape.of(dict(zip(plan.index, plan.parents, strict=True)))
        return cls(
            shape=shape,
            steps=tuple(step_facts(state, index, now) for index in range(len(plan.steps))),
            status=execution_status(state, now),
            over=is_over(state),
            now=now,
        )

    @cached_property
    def blocked(self) -> int:
        """The steps that wait for a dependency, as one integer: bit i for step i."""
        return sum(1 << at for at, step in enumerate(self.steps) if step.blocked)

    @property
    def healthy(self) -> bool:
        """Whether nothing failed and nothing was cancelled."""
        return self.status.health_status == HEALTHY

    def downstream_count(self, at: int) -> int:
        """Return how many steps depend on one, directly or not."""
        return self.shape.downstream[at].bit_count()

    def blocked_count(self, at: int) -> int:
        """Return how many of those wait for a dependency."""
        return (self.shape.downstream[at] & self.blocked).bit_count()


def is_over(state: WorkflowState) -> bool:
    """Return whether nothing more is expected of a task."""
    return state.head.state in _OVER


def blocked_steps(state: WorkflowState) -> int:
    """Return `TaskFacts.blocked`, without the facts."""
    return sum(
        1 << at
        for at, left in enumerate(state.remaining)
        if left and state.steps[at].state not in SATISFYING
    )


def step_facts(state: WorkflowState, index: int, now: float) -> StepFacts:
    """Return the facts of one step."""
    record, plan = state.steps[index], state.plan.steps[index]
    stands = standing(record, state.remaining[index])
    limit = plan.retry_limit if record.retry_limit is None else record.retry_limit
    due = stands is Standing.WAITING and (record.retry_at or 0.0) <= now
    return StepFacts(
        record=record,
        stands=stands,
        satisfied=not state.remaining[index],
        ready=stands is Standing.READY or due,
        retry_limit=limit,
        exhausted=record.attempts - record.forgiven >= limit,
        attempts_left=attempts_left(plan, record),
    )
