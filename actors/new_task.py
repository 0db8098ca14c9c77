"""A task to be created, and all that its first append records."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tasker.actors.workflow.plan import Plan
from tasker.stores.records import ActionRecord, StepRecord, TaskRecord


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
