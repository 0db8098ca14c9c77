"""What the rules decided, and the draft in which they write it down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from tasker.actors.workflow.state import (
    DONE,
    HELD,
    PENDING,
    READY,
    Standing,
    WorkflowState,
    standing,
)
from tasker.actors.workflow.states import AT_REST, check_step_transition, check_task_transition
from tasker.stores.records import (
    ActionRecord,
    AnnotationRecord,
    StepRecord,
    StepState,
    TaskChange,
    TaskDetails,
    TaskState,
    Transition,
)

Move = tuple[int, Standing, Standing]
"""A step, where it stood and where it stands."""


class Decision(Struct, frozen=True, gc=False, kw_only=True):
    """What one message changes. Nothing of it may take effect before it is durable.

    ``head`` and ``details`` are the task's new ones, None when unchanged; ``steps`` the new records
    by index, ``recorded`` those of them that a store must keep (the others only
    became ready); ``ready`` the steps that may start once they have a permit;
    ``stops`` the running attempts to cancel, as (step, attempt). ``moves`` and
    ``remaining`` are what follows for the figures that a state keeps beside its
    steps: worked out here once, so that applying a decision need not again.
    """

    head: TaskChange | None = None
    details: TaskDetails | None = None
    steps: Mapping[int, StepRecord] = {}
    recorded: Set[int] = frozenset()
    transitions: Sequence[Transition] = ()
    annotations: Sequence[AnnotationRecord] = ()
    actions: Sequence[ActionRecord] = ()
    ready: Sequence[int] = ()
    stops: Sequence[tuple[int, int]] = ()
    moves: Sequence[Move] = ()
    remaining: Mapping[int, int] = {}

    @property
    def ends(self) -> bool:
        """Whether the task comes to rest with this decision."""
        return self.head is not None and self.head.state in AT_REST

    @property
    def durable(self) -> bool:
        """Whether there is anything that a store must keep."""
        return bool(
            self.head is not None
            or self.recorded
            or self.transitions
            or self.annotations
            or self.actions
            or self.details is not None
        )


NOTHING = Decision()


class Draft:
    """A decision in the making: reads the state through what was changed so far."""

    __slots__ = (
        "_actions",
        "_annotations",
        "_became_ready",
        "_changed",
        "_counts",
        "_details",
        "_head",
        "_moves",
        "_recorded",
        "_remaining",
        "_state",
        "_stops",
        "_transitions",
        "now",
    )

    def __init__(self, state: WorkflowState, now: float) -> None:
        self.now = now
        self._state = state
        self._head = state.head
        self._details: TaskDetails | None = None
        self._changed: dict[int, StepRecord] = {}
        self._recorded: set[int] = set()
        self._remaining: dict[int, int] = {}
        self._counts = state.counts.copy()
        self._moves: list[Move] = []
        self._became_ready: list[int] = []
        self._transitions: list[Transition] = []
        self._annotations: list[AnnotationRecord] = []
        self._actions: tuple[ActionRecord, ...] = ()
        self._stops: list[tuple[int, int]] = []

    @property
    def task_state(self) -> TaskState:
        """The task's state as drafted."""
        return self._head.state

    def record(self, index: int) -> StepRecord:
        """Return a step's record as drafted."""
        return self._changed.get(index) or self._state.steps[index]

    def standing(self, index: int) -> Standing:
        """Return where a step stands as drafted."""
        return standing(self.record(index), self._left(index))

    def count(self, which: Standing) -> int:
        """Return how many steps stand so."""
        return self._counts[which]

    def move_task(self, new: TaskState, detail: Mapping[str, Any] | None = None) -> None:
        """Take the task to another state."""
        old = self._head.state
        check_task_transition(self._state.task.task_id, old, new)
        started_at, ended_at = self._head.started_at, self._head.ended_at
        if new is TaskState.IN_PROGRESS and old is TaskState.PENDING:
            started_at, ended_at = self.now, None
        if new in AT_REST:
            ended_at = self.now
        self._head = TaskChange(
            state=new,
            wake_at=None if new in AT_REST or new is TaskState.PAUSED else 0.0,
            # Kept: whoever holds the task lets go of it when the whole batch is decided.
            owner=self._head.owner,
            started_at=started_at,
            ended_at=ended_at,
        )
        self._transitions.append(Transition(from_state=old, to_state=new, detail=_detail(detail)))

    def move_step(
        self,
        index: int,
        new: StepState,
        detail: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        """Take a step to another state, with what else changes in its record."""
        old = self.record(index)
        check_step_transition(old.name, old.state, new)
        record = replace(old, state=new, **changes)
        self._transitions.append(
            Transition(
                step=record.name,
                from_state=old.state,
                to_state=new,
                attempt=record.attempts or None,
                detail=_detail(detail),
            )
        )
        self._put(index, old, record)

    def change_step(self, index: int, **changes: Any) -> None:
        """Change a step's record without a change of state."""
        old = self.record(index)
        self._put(index, old, replace(old, **changes))

    def change_details(self, *, reason: str, tags: tuple[str, ...]) -> None:
        """Change what does not decide how the task runs."""
        self._details = TaskDetails(reason=reason, tags=tags)

    def annotate(self, type: str, annotation: Raw) -> None:
        """Note something on the task."""
        self._annotations.append(AnnotationRecord(type=type, annotation=annotation, at=self.now))

    def record_action(self, action: ActionRecord) -> None:
        """Keep who asked for this."""
        self._actions = (*self._actions, action)

    def stop(self, index: int) -> None:
        """Have the step's running attempt cancelled."""
        self._stops.append((index, self.record(index).attempts))

    def offer_all_ready(self) -> None:
        """Offer every ready step to be started, as when a task is taken up or resumed."""
        self._became_ready.extend(sorted(self._state.ready))

    def decide(self) -> Decision:
        """Return what was drafted."""
        return Decision(
            head=None if self._head is self._state.head else self._head,
            details=self._details,
            steps=self._changed,
            recorded=self._recorded,
            transitions=self._transitions,
            annotations=self._annotations,
            actions=self._actions,
            ready=self._ready() if self._became_ready else (),
            stops=self._stops,
            moves=self._moves,
            remaining=self._remaining,
        )

    def _ready(self) -> tuple[int, ...]:
        """Return the steps that became ready and still are, each once."""
        if self._head.state is not TaskState.IN_PROGRESS:
            return ()
        still = [i for i in self._became_ready if self.standing(i) is READY]
        return tuple(still if len(still) < 2 else dict.fromkeys(still))

    def _left(self, index: int) -> int:
        left = self._remaining.get(index)
        return self._state.remaining[index] if left is None else left

    def _put(self, index: int, old: StepRecord, new: StepRecord) -> None:
        left = self._remaining.get(index)
        if left is None:
            left = self._state.remaining[index]
        before, after = standing(old, left), standing(new, left)
        self._changed[index] = new
        self._recorded.add(index)
        if before is after:
            return
        self._move(index, before, after)
        if after is DONE:
            for child in self._state.plan.steps[index].dependents:
                left = self._left(child) - 1
                self._remaining[child] = left
                # Where a step stands depends on its parents only while it is pending.
                if left == 0 and self.record(child).state is PENDING:
                    self._move(child, HELD, READY)

    def _move(self, index: int, before: Standing, after: Standing) -> None:
        self._counts[before] -= 1
        self._counts[after] += 1
        self._moves.append((index, before, after))
        if after is READY:
            self._became_ready.append(index)
            # Not recorded: only the queue wait of a live task is made from it.
            self._changed[index] = replace(self.record(index), ready_at=self.now)


def _detail(detail: Mapping[str, Any] | None) -> Raw | None:
    if detail is None:
        return None
    kept = {key: value for key, value in detail.items() if value is not None}
    return Raw(msgspec.json.encode(kept)) if kept else None
