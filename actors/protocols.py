"""What the runtime gets from above: run this attempt, tell of this decision, the time."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import anyio
from msgspec import Struct, field

if TYPE_CHECKING:
    from msgspec import Raw

    from tasker.actors.workflow.outcome import AttemptResult
    from tasker.actors.workflow.plan import Plan, StepPlan
    from tasker.actors.workflow.state import WorkflowState
    from tasker.stores.records import AnnotationRecord, TaskRecord, Transition


class Cancellation:
    """How an attempt is cancelled: asked first, and forced when it does not end."""

    __slots__ = ("forced",)

    def __init__(self) -> None:
        self.forced = False


class AttemptOrder(Struct, frozen=True, gc=False, kw_only=True):
    """One attempt to run. ``state`` is the live task: read it, never write it.

    The attempt is cancelled by one `asyncio.CancelledError`. When another comes and
    ``cancellation`` is forced, the runner gives up the handler, whatever it does.
    """

    state: WorkflowState
    step: StepPlan
    attempt: int
    cancellation: Cancellation = field(default_factory=Cancellation)


class Clock(Protocol):
    """The time, so that tests need not wait for it."""

    def now(self) -> float:
        """Return the time in Unix seconds, UTC."""

    async def wait(self, event: anyio.Event, seconds: float | None) -> None:
        """Return when the event is set or that many seconds have gone by.

        None waits for the event alone. An early return is allowed; whoever waits
        looks at the time and the event again.
        """

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have gone by."""


class Runner(Protocol):
    """Runs what users wrote."""

    def run(self, order: AttemptOrder) -> Coroutine[Any, Any, AttemptResult]:
        """Run one attempt and return how it ended. Never raises, save for cancellation."""

    async def order_ready(self, state: WorkflowState, ready: Sequence[int]) -> Sequence[int]:
        """Return the ready steps in the order in which they shall start."""

    async def annotate(self, state: WorkflowState) -> Sequence[AnnotationRecord]:
        """Return what the task's hook wants noted as the task ends."""


class PlanSource(Protocol):
    """Finds the plan that a task started with."""

    async def plan_for(self, task: TaskRecord) -> Plan:
        """Return the plan; raises `TaskerError` when it cannot be had on this node."""


class Witness(Protocol):
    """Hears of what changed, once it is durable. Must return at once, and not raise."""

    def created(self, task: TaskRecord, at: float) -> None:
        """Take note of a task that was recorded and waits in the store."""

    def taken_up(self, state: WorkflowState, at: float) -> None:
        """Take note of a task that was loaded from the store; nothing of it is decided yet."""

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """Take note of a task's transitions, in their order, that were recorded at ``at``.

        ``state.undurable`` has the records, as they were before, of the steps that
        changed. There are no transitions when the task was only let go of.
        """


class Observer(Witness, Protocol):
    """A witness who may hold tasks back."""

    @property
    def congested(self) -> bool:
        """Whether some tasks are to wait in `room` before they go on."""

    async def room(self, task_id: str) -> None:
        """Return when the task may go on: whoever must not miss what it does keeps up."""


class Outbox(Protocol):
    """Says what durable subscriptions are to hear of an append, to be recorded with it.

    Must return at once, and not raise.
    """

    @property
    def wanted(self) -> bool:
        """Whether there is any durable subscription; nothing else is asked while not."""

    def of_created(self, task: TaskRecord, at: float) -> Raw | None:
        """Return the events of a task that will wait in the store, as a JSON array."""

    def of_append(
        self, state: WorkflowState, transitions: Sequence[Transition], at: float
    ) -> Raw | None:
        """Return the events of an append to come, as a JSON array; None for none.

        It will be the one after ``state.seq``. ``state`` is the task after it, and
        ``state.undurable`` has the steps before it.
        """


class NoOutbox:
    """An outbox that nobody reads."""

    wanted = False

    def of_created(self, task: TaskRecord, at: float) -> Raw | None:
        """Return nothing."""
        return None

    def of_append(
        self, state: WorkflowState, transitions: Sequence[Transition], at: float
    ) -> Raw | None:
        """Return nothing."""
        return None
