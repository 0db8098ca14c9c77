"""In which states each operation is legal: one table, for tasks and for steps."""

from __future__ import annotations

from msgspec import Struct

from tasker.actors.workflow.errors import InvalidOperationError
from tasker.actors.workflow.messages import (
    Annotate,
    AnyOperation,
    Cancel,
    CancelStep,
    Pause,
    ResetAttempts,
    ResolveStep,
    ResolveTask,
    Resume,
    Retry,
    UpdateStep,
    UpdateTask,
)
from tasker.stores.records import StepState, TaskState

_UNFINISHED = (TaskState.PENDING, TaskState.IN_PROGRESS, TaskState.PAUSED)
_OPEN = (*_UNFINISHED, TaskState.ERROR)


class Legal(Struct, frozen=True, kw_only=True):
    """Where an operation is legal: in these task states, and on steps in these states.

    ``steps`` is None for an operation on the task as a whole.
    """

    verb: str
    task: tuple[TaskState, ...]
    steps: tuple[StepState, ...] | None = None


OPERATIONS: dict[type[AnyOperation], Legal] = {
    Cancel: Legal(verb="cancel", task=_UNFINISHED),
    Pause: Legal(verb="pause", task=(TaskState.PENDING, TaskState.IN_PROGRESS)),
    Resume: Legal(verb="resume", task=(TaskState.PAUSED,)),
    Retry: Legal(
        verb="retry",
        task=(TaskState.IN_PROGRESS, TaskState.PAUSED, TaskState.ERROR),
        steps=(StepState.ERROR,),
    ),
    ResetAttempts: Legal(
        verb="reset the attempts of",
        task=_OPEN,
        steps=(StepState.PENDING, StepState.ERROR),
    ),
    UpdateStep: Legal(verb="update", task=_OPEN, steps=(StepState.PENDING, StepState.ERROR)),
    ResolveStep: Legal(verb="resolve", task=_OPEN, steps=(StepState.PENDING, StepState.ERROR)),
    CancelStep: Legal(
        verb="cancel",
        task=_OPEN,
        steps=(StepState.PENDING, StepState.IN_PROGRESS, StepState.ERROR),
    ),
    ResolveTask: Legal(verb="resolve", task=(TaskState.ERROR,)),
    UpdateTask: Legal(verb="update", task=tuple(TaskState)),
    Annotate: Legal(verb="annotate", task=tuple(TaskState)),
}


def check_task_operation(kind: type[AnyOperation], task_id: str, state: TaskState) -> None:
    """Raise `InvalidOperationError` unless the operation is legal on such a task."""
    legal = OPERATIONS[kind]
    if state not in legal.task:
        raise InvalidOperationError(
            operation=legal.verb, subject=f"task {task_id}", state=state, legal=legal.task
        )


def check_step_operation(kind: type[AnyOperation], name: str, state: StepState) -> None:
    """Raise `InvalidOperationError` unless the operation is legal on such a step."""
    legal = OPERATIONS[kind]
    if legal.steps is not None and state not in legal.steps:
        raise InvalidOperationError(
            operation=legal.verb, subject=f"step {name}", state=state, legal=legal.steps
        )
