"""What figures over many tasks are made from: instants, and nothing larger.

Instants are whole microseconds since 1970, UTC. A float instant of these years is
exact to a quarter of one, so nothing is lost that a clock could tell, and sums of
whole numbers are exact in every order. The Structs are encoded as arrays, which is
how a database can hand over thousands of them in one value.
"""

from __future__ import annotations

from msgspec import Struct

from tasker.stores.records import StepState, TaskState

STEPS_A_TASK = 8
"""A page holds up to this many steps for each task that it may look at."""


class StepTimes(Struct, frozen=True, gc=False, array_like=True):
    """A step that has a record; see `StepRecord` for what each instant is."""

    name: str
    state: StepState
    attempts: int
    ready_us: int | None
    started_us: int | None
    ended_us: int | None


class FailureTimes(Struct, frozen=True, gc=False, array_like=True):
    """One attempt of a step that failed: a transition to ``error`` in the history.

    ``error_class`` and ``permanent`` are what the transition's detail says under
    those keys; None and False where it says nothing.
    """

    step: str
    attempt: int | None
    at_us: int
    error_class: str | None
    permanent: bool


class TaskTimes(Struct, frozen=True, gc=False, array_like=True):
    """A task as it stands, with the steps that have a record, in no particular order.

    ``failures`` is in order of happening.
    """

    task_id: str
    namespace: str
    name: str
    version: str
    definition_hash: str
    state: TaskState
    created_us: int
    started_us: int | None
    ended_us: int | None
    steps: tuple[StepTimes, ...]
    failures: tuple[FailureTimes, ...]


class TimesPage(Struct, frozen=True, kw_only=True):
    """Some of the tasks, by ascending ``task_id``; ``next_cursor`` is None on the last page."""

    tasks: tuple[TaskTimes, ...]
    next_cursor: str | None


def microseconds(at: float) -> int:
    """Return an instant in whole microseconds, halves upwards."""
    return int(at * 1e6 + 0.5)
