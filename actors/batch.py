"""Several decisions on their way to one append."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from tasker.actors.envelope import Reply
from tasker.actors.workflow.decision import Decision
from tasker.actors.workflow.state import WorkflowState
from tasker.stores.records import (
    ActionRecord,
    AnnotationRecord,
    Append,
    StepRecord,
    TaskChange,
    TaskDetails,
    TaskRecord,
    Transition,
)


class Batch:
    """What a supervisor decided for all the messages that were waiting.

    ``told`` are the messages that nobody waits for (they must be decided again
    when the append fails), ``replies`` those to answer once it is durable. ``at`` is when
    it was decided. ``durable`` says whether there is anything that a store must keep.
    """

    __slots__ = (
        "actions",
        "annotations",
        "at",
        "details",
        "durable",
        "ends",
        "head",
        "ready",
        "recorded",
        "replies",
        "starts",
        "steps",
        "stops",
        "told",
        "transitions",
    )

    def __init__(self, at: float) -> None:
        self.at = at
        self.head: TaskChange | None = None
        self.details: TaskDetails | None = None
        self.steps: dict[int, StepRecord] = {}
        self.recorded: set[int] = set()
        self.transitions: list[Transition] = []
        self.annotations: list[AnnotationRecord] = []
        self.actions: list[ActionRecord] = []
        self.ready: list[int] = []
        self.starts: list[tuple[int, int]] = []
        self.stops: list[tuple[int, int]] = []
        self.replies: list[Reply[Any]] = []
        self.told: list[Any] = []
        self.ends = False
        self.durable = False

    def add(self, decision: Decision) -> None:
        """Take in one more decision."""
        self.durable = self.durable or decision.durable
        if decision.head is not None:
            self.head = decision.head
            self.ends = decision.ends
        if decision.details is not None:
            self.details = decision.details
        self.steps.update(decision.steps)
        self.recorded.update(decision.recorded)
        self.transitions.extend(decision.transitions)
        if decision.annotations:
            self.annotations.extend(decision.annotations)
        if decision.actions:
            self.actions.extend(decision.actions)
        if decision.ready:
            self.ready.extend(decision.ready)
        if decision.stops:
            self.stops.extend(decision.stops)

    def to_append(
        self,
        state: WorkflowState,
        *,
        created: TaskRecord | None = None,
        identity_expires_before: float | None = None,
        outgoing: Raw | None = None,
    ) -> Append:
        """Return the append that makes it durable; ``created`` is the task, when new."""
        head = self.head
        if created is not None and head is not None:
            created = msgspec.structs.replace(
                created,
                state=head.state,
                wake_at=head.wake_at,
                owner=head.owner,
                started_at=head.started_at,
                ended_at=head.ended_at,
            )
            head = None
        return Append(
            task_id=state.task.task_id,
            epoch=state.epoch,
            seq=state.seq + 1,
            at=self.at,
            created=created,
            identity_expires_before=identity_expires_before,
            task=head,
            details=self.details,
            steps=tuple([self.steps[index] for index in sorted(self.recorded)]),
            transitions=tuple(self.transitions),
            annotations=tuple(self.annotations),
            actions=tuple(self.actions),
            outgoing=outgoing,
        )
