"""A task to be created, and all that its first append records."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from tasker.actors.workflow.plan import Plan
from tasker.stores.records import (
    ActionRecord,
    Append,
    StepRecord,
    TaskRecord,
    TaskState,
    Transition,
)


class NewTask(Struct, frozen=True, gc=False, kw_only=True):
    """A task, its plan, and what it begins with.

    ``steps`` are the records of those that begin with something of their own, ``actions``
    who asked for it. ``identity_expires_before`` frees an equal identity of a task that
    was created before that instant.
    """

    task: TaskRecord
    plan: Plan
    steps: Sequence[StepRecord] = ()
    identity_expires_before: float | None = None
    actions: Sequence[ActionRecord] = ()

    def waiting(self, outgoing: Raw | None) -> Append:
        """Return the append that creates the task as one that waits for an owner."""
        return Append(
            task_id=self.task.task_id,
            epoch=self.task.epoch,
            seq=1,
            at=self.task.created_at,
            created=msgspec.structs.replace(self.task, owner=None, wake_at=0.0),
            identity_expires_before=self.identity_expires_before,
            steps=tuple(self.steps),
            transitions=(Transition(from_state=None, to_state=TaskState.PENDING),),
            actions=tuple(self.actions),
            outgoing=outgoing,
        )
