"""A live task in memory: what the rules read, and what a decision is applied to."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

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


def standing(record: StepRecord, remaining: int) -> Standing:
    """Return where a step with that many unsatisfied dependencies stands."""
    state = record.state
    if state is StepState.PENDING:
        return Standing.HELD if remaining else Standing.READY
    if state is StepState.IN_PROGRESS:
        return Standing.RUNNING
    if state in SATISFYING:
        return Standing.DONE
    if state is StepState.ERROR and record.retry_at is not None:
        return Standing.WAITING
    return Standing.BLOCKED


class WorkflowState:
    """One task's state. Its supervisor is the only writer; handlers read.

    ``steps`` stands in the order of the plan; ``remaining`` counts for each step
    the dependencies that are not satisfied yet; ``counts`` the steps of each
    `Standing`, ``ready``, ``running`` and ``waiting`` name them; ``seq`` is the
    number of the newest append. Keeping these beside the steps makes each
    decision cost what it changes, not what the task holds.
    """

    __slots__ = (
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
        self.counts = [0] * len(Standing)
        self.counts[Standing.READY] = len(self.ready)
        self.counts[Standing.HELD] = len(self.steps) - len(self.ready)
        for record in steps:
            self.put(plan.index[record.name], record)

    @classmethod
    def from_snapshot(cls, snapshot: TaskSnapshot, plan: Plan) -> WorkflowState:
        """Return the state that a store's snapshot describes."""
        return cls(task=snapshot.task, plan=plan, steps=snapshot.steps, seq=snapshot.seq)

    def step(self, name: str) -> StepRecord:
        """Return a step's record; KeyError when the task has no such step."""
        return self.steps[self.plan.index[name]]

    def apply(self, decision: Decision) -> None:
        """Take over what a decision changed."""
        if decision.head is not None:
            self.head = decision.head
        for index, record in decision.steps.items():
            self.put(index, record)

    def put(self, index: int, record: StepRecord) -> None:
        """Replace a step's record and what is derived from it."""
        old = self.steps[index]
        before = standing(old, self.remaining[index])
        after = standing(record, self.remaining[index])
        self.steps[index] = record
        self._move(index, before, after)
        if (before is Standing.DONE) != (after is Standing.DONE):
            change = -1 if after is Standing.DONE else 1
            for child in self.plan.steps[index].dependents:
                left = self.remaining[child]
                self.remaining[child] = left + change
                record = self.steps[child]
                self._move(child, standing(record, left), standing(record, left + change))

    def _move(self, index: int, before: Standing, after: Standing) -> None:
        if before is after:
            return
        self.counts[before] -= 1
        self.counts[after] += 1
        if before is Standing.READY:
            self.ready.discard(index)
        elif before is Standing.RUNNING:
            self.running.discard(index)
        elif before is Standing.WAITING:
            self.waiting.discard(index)
        if after is Standing.READY:
            self.ready.add(index)
        elif after is Standing.RUNNING:
            self.running.add(index)
        elif after is Standing.WAITING:
            self.waiting.add(index)
