"""What a task supervisor is told, and what the rules answer to."""

from __future__ import annotations

from msgspec import UNSET, Raw, Struct, UnsetType

from tasker.actors.workflow.outcome import AttemptResult


class TakeUp(Struct, frozen=True, gc=False):
    """Go on with a task as it stands: begin it, retry what is due, offer what is ready.

    ``interrupted`` says why the attempts that were in progress are lost, None when
    they still run.
    """

    interrupted: str | None = None


class StartSteps(Struct, frozen=True, gc=False):
    """These ready steps, by index, have a permit each: begin an attempt of them."""

    steps: tuple[int, ...]


class AttemptEnded(Struct, frozen=True, gc=False):
    """An attempt has ended, whatever happened to it."""

    step: int
    attempt: int
    result: AttemptResult


class Wake(Struct, frozen=True, gc=False):
    """The clock has reached a retry or the task's deadline."""


class Interrupt(Struct, frozen=True, gc=False):
    """No step of this task runs any more: the process died, or must stop."""

    reason: str


class Operation(Struct, frozen=True, gc=False, kw_only=True, tag_field="operation"):
    """Something that a person or program asks for. ``by`` and ``reason`` are kept.

    With ``expected_seq`` it is done only while that is the task's newest append.
    """

    by: str | None = None
    reason: str | None = None
    expected_seq: int | None = None


class Cancel(Operation, frozen=True, gc=False, kw_only=True, tag="cancel"):
    """End the task; running attempts are cancelled."""


class Pause(Operation, frozen=True, gc=False, kw_only=True, tag="pause"):
    """Start nothing more until resumed; running attempts finish."""


class Resume(Operation, frozen=True, gc=False, kw_only=True, tag="resume"):
    """Go on with a paused task."""


class Retry(Operation, frozen=True, gc=False, kw_only=True, tag="retry"):
    """Try a failed step again at once, or all of them; the rest is kept."""

    step: str | None = None


class ResetAttempts(Operation, frozen=True, gc=False, kw_only=True, tag="reset_attempts"):
    """Let the attempts so far not count against the step's limit."""

    step: str


class UpdateStep(Operation, frozen=True, gc=False, kw_only=True, tag="update_step"):
    """Change a step's limit or inputs; without one it stays. ``inputs`` is JSON."""

    step: str
    retry_limit: int | None = None
    inputs: Raw | UnsetType = UNSET


class ResolveStep(Operation, frozen=True, gc=False, kw_only=True, tag="resolve_step"):
    """Take a step as done by hand. ``results`` is JSON; without, it keeps what it has."""

    step: str
    # Not `Raw | None`, which msgspec does not decode: it takes the null alone.
    results: Raw | UnsetType = UNSET


class CancelStep(Operation, frozen=True, gc=False, kw_only=True, tag="cancel_step"):
    """End one step; what depends on it cannot run."""

    step: str


class ResolveTask(Operation, frozen=True, gc=False, kw_only=True, tag="resolve_task"):
    """Take a failed task as done by hand."""


class UpdateTask(Operation, frozen=True, gc=False, kw_only=True, tag="update_task"):
    """Change why the task was asked for, or its tags; None for what stays."""

    task_reason: str | None = None
    tags: tuple[str, ...] | None = None


class Annotate(Operation, frozen=True, gc=False, kw_only=True, tag="annotate"):
    """Note something on the task. ``annotation`` is a JSON object."""

    type: str
    annotation: Raw


AnyOperation = (
    Cancel
    | Pause
    | Resume
    | Retry
    | ResetAttempts
    | UpdateStep
    | ResolveStep
    | CancelStep
    | ResolveTask
    | UpdateTask
    | Annotate
)
Message = TakeUp | StartSteps | AttemptEnded | Wake | Interrupt | AnyOperation
