"""The legal transitions of tasks and steps: the one table of each."""

from __future__ import annotations

from tasker.actors.workflow.errors import InvalidTransitionError
from tasker.stores.records import StepState, TaskState

TASK_TRANSITIONS: dict[TaskState, frozenset[TaskState]] = {
    TaskState.PENDING: frozenset({TaskState.IN_PROGRESS, TaskState.PAUSED, TaskState.CANCELLED}),
    TaskState.IN_PROGRESS: frozenset(
        {TaskState.COMPLETE, TaskState.ERROR, TaskState.CANCELLED, TaskState.PAUSED}
    ),
    TaskState.PAUSED: frozenset({TaskState.IN_PROGRESS, TaskState.CANCELLED}),
    TaskState.ERROR: frozenset({TaskState.PENDING, TaskState.RESOLVED_MANUALLY}),
    TaskState.COMPLETE: frozenset(),
    TaskState.CANCELLED: frozenset(),
    TaskState.RESOLVED_MANUALLY: frozenset(),
}

STEP_TRANSITIONS: dict[StepState, frozenset[StepState]] = {
    StepState.PENDING: frozenset(
        {StepState.IN_PROGRESS, StepState.CANCELLED, StepState.RESOLVED_MANUALLY}
    ),
    StepState.IN_PROGRESS: frozenset({StepState.COMPLETE, StepState.ERROR, StepState.CANCELLED}),
    StepState.ERROR: frozenset(
        {StepState.PENDING, StepState.CANCELLED, StepState.RESOLVED_MANUALLY}
    ),
    StepState.COMPLETE: frozenset(),
    StepState.CANCELLED: frozenset(),
    StepState.RESOLVED_MANUALLY: frozenset(),
}

AT_REST = frozenset(
    {
        TaskState.COMPLETE,
        TaskState.ERROR,
        TaskState.CANCELLED,
        TaskState.RESOLVED_MANUALLY,
    }
)
"""Task states in which nothing happens until somebody asks for it."""

SATISFYING = frozenset({StepState.COMPLETE, StepState.RESOLVED_MANUALLY})
"""Step states that satisfy the steps which depend on them."""


def check_task_transition(task_id: str, old: TaskState, new: TaskState) -> None:
    """Raise `InvalidTransitionError` unless the task may go from ``old`` to ``new``."""
    if new not in TASK_TRANSITIONS[old]:
        raise InvalidTransitionError(subject=f"task {task_id}", from_state=old, to_state=new)


def check_step_transition(name: str, old: StepState, new: StepState) -> None:
    """Raise `InvalidTransitionError` unless the step may go from ``old`` to ``new``."""
    if new not in STEP_TRANSITIONS[old]:
        raise InvalidTransitionError(subject=f"step {name}", from_state=old, to_state=new)
