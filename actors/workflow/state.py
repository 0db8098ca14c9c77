"""A live task in memory: what the rules read, and what a decision is applied to."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tasker.actors.workflow.states import SATISFYING
from tasker.stores.records import (
    StepRecord,
    StepState,
    TaskChange,
    TaskRecord,
    TaskSnapshot,
)

if TYPE_CHECKING:
    from tasker.actors.workflow.decision import Decision
    from tasker.actors.workflow.plan import Plan


class Standing(IntEnum):
    """Where a step stands for the rules: derived from its record and its parents."""

    HELD = 0
    """Pending, and a dependency is not satisfied."""
    READY = 1
    """Pending, and every dependency is satisfied."""
    RUNNING = 2
    WAITING = 3
    """Failed, and due for another attempt at ``retry_at``."""
    BLOCKED = 4
    """Failed for good, or cancelled."""
    DONE = 5


# Names of their own: Python 3.11 takes 90 ns to find a member through its class, and
# these are asked for some fifty times a step.
HELD, READY, RUNNING, WAITING, BLOCKED, DONE = Standing
PENDING, IN_PROGRESS, COMPLETE = StepState.PENDING, StepState.IN_PROGRESS, StepState.COMPLETE
ERROR = StepState.ERROR


def standing(record: StepRecord, remaining: int) -> Standing:
    """Return where a step with that many unsatisfied dependencies stands."""
    state = record.state
    if state is PENDING:
        return HELD if remaining else READY
    if state is IN_PROGRESS:
        return RUNNING
    if state in SATISFYING:
        return DONE
    if state is ERROR and record.retry_at is not None:
        return WAITING
    return BLOCKED


class WorkflowState:
    """One task's state. Its supervisor is the only writer; handlers read.

    ``steps`` stands in the order of the plan; ``remaining`` counts for each step
    the dependencies that are not satisfied yet; ``counts`` the steps of each
    `Standing`, ``ready``, ``running`` and ``waiting`` name them; ``seq`` is the
    number of the newest append. Keeping these beside the steps makes each
    decision cost what it changes, not what the task holds.

    A decision is applied before it is durable, so that the next one builds on it.
    Until `recorded` says that it is, `shown` gives a step as the store has it:
    nobody may see what a crash could still undo.
    """

    __slots__ = (
        "_members",
        "counts",
        "epoch",
        "head",
        "plan",
        "ready",
        "remaining",
        "running",
        "seq",
        "steps",
        "task",
        "undurable",
        "waiting",
    )

    def __init__(
        self,
        *,
        task: TaskRecord,
        plan: Plan,
        steps: Sequence[StepRecord] = (),
        seq: int = 0,
    ) -> None:
        self.task = task
        self.plan = plan
        self.seq = seq
        self.epoch = task.epoch
        self.head = TaskChange(
            state=task.state,
            wake_at=task.wake_at,
            owner=task.owner,
            started_at=task.started_at,
            ended_at=task.ended_at,
        )
        self.steps = list(plan.blank_records)
        self.remaining = list(plan.parent_counts)
        self.ready = set(plan.roots)
        self.running: set[int] = set()
        self.waiting: set[int] = set()
        # By standing; of the other three only the counts are ever asked for.
        self._members = (None, self.ready, self.running, self.waiting, None, None)
        self.undurable: dict[int, StepRecord] = {}
        self.counts = [len(self.steps) - len(self.ready), len(self.ready), 0, 0, 0, 0]
        if steps:
            self._load(steps)

    @classmethod
    def from_snapshot(cls, snapshot: TaskSnapshot, plan: Plan) -> WorkflowState:
        """Return the state that a store's snapshot describes."""
        return cls(task=snapshot.task, plan=plan, steps=snapshot.steps, seq=snapshot.seq)

    def step(self, name: str) -> StepRecord:
        """Return a step's record; KeyError when the task has no such step."""
        return self.steps[self.plan.index[name]]

    def shown(self, index: int) -> StepRecord:
        """Return a step's record as the store has it."""
        return self.undurable.get(index) or self.steps[index]

    def recorded(self) -> None:
        """Take note that all that was applied is durable."""
        self.undurable.clear()

    def apply(self, decision: Decision) -> None:
        """Take over what a decision changed."""
        if decision.head is not None:
            self.head = decision.head
        if decision.details is not None:
            details = decision.details
            self.task = replace(self.task, reason=details.reason, tags=details.tags)
        for index, record in decision.steps.items():
            self.undurable.setdefault(index, self.steps[index])
            self.steps[index] = record
        for index, left in decision.remaining.items():
            self.remaining[index] = left
        counts, members = self.counts, self._members
        for index, before, after in decision.moves:
            counts[before] -= 1
            counts[after] += 1
            those_before, those_after = members[before], members[after]
            if those_before is not None:
                those_before.discard(index)
            if those_after is not None:
                those_after.add(index)

    def _load(self, records: Sequence[StepRecord]) -> None:
        """Take over what a store has, and work out what is derived from it."""
        steps = self.plan.steps
        for record in records:
            index = self.plan.index[record.name]
            self.steps[index] = record
            if record.state in SATISFYING:
                for child in steps[index].dependents:
                    self.remaining[child] -= 1
        self.counts = [0] * len(Standing)
        for members in (self.ready, self.running, self.waiting):
            members.clear()
        for index, record in enumerate(self.steps):
            stands = standing(record, self.remaining[index])
            self.counts[stands] += 1
            joined = self._members[stands]
            if joined is not None:
                joined.add(index)
