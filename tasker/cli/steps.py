"""A task's steps as rows for people: glyphs, colours, notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from tasker.actors.workflow.states import AT_REST
from tasker.cli.hiding import hidden
from tasker.cli.printing import LONGEST_MESSAGE, brief, clean, clip, is_unicode, seconds
from tasker.definitions.graph import build_graph
from tasker.stores.records import StepState, TaskState
from tasker.task_view import NOT_RUN, StepError, StepView, TaskView, shown_state

# State: glyph, its ASCII stand-in, colour.
_LOOKS = {
    "pending": ("○", "o", "bright_black"),
    "in_progress": ("●", "*", "cyan"),
    "retrying": ("↻", "~", "yellow"),
    "complete": ("✔", "+", "green"),
    "error": ("✘", "x", "red"),
    "cancelled": ("■", "#", "yellow"),
    "resolved_manually": ("◆", "=", "magenta"),
    "paused": ("‖", "|", "yellow"),
    "not run": ("·", ".", "bright_black"),
}
_SPINNER = "◐◓◑◒"


class Row(Struct, frozen=True, kw_only=True):
    """One step, ready to print. ``look`` is its state, or what tells more than that."""

    level: int
    name: str
    look: str
    attempts: str
    time: str
    note: str
    state: StepState


def levels(view: TaskView) -> tuple[tuple[str, ...], ...]:
    """Return the steps by their distance from the roots."""
    return build_graph({step.name: step.depends_on for step in view.steps}).levels


def rows(view: TaskView, now: datetime, *, results: bool = False) -> list[Row]:
    """Return the steps, level by level; with ``results``, those in the notes."""
    return [
        Row(
            level=number,
            name=clean(name),
            look=look(step, view),
            attempts=_attempts(step),
            time=_time(step, view, now),
            note=_note(step, view, now, results),
            state=step.state,
        )
        for number, level in enumerate(levels(view), 1)
        for name in level
        for step in (view.step(name),)
    ]


def look(step: StepView, view: TaskView) -> str:
    """Return the word for a step's state: its state, or ``retrying``, or ``not run``."""
    state = shown_state(step, view)
    return "not run" if state == NOT_RUN else state


def glyph(look: str, *, turning: bool = False) -> str:
    """Return the sign of a state; ``turning`` for one on a screen that is redrawn."""
    sign, plain, _ = _LOOKS[look]
    if not is_unicode():
        return plain
    if turning and look == "in_progress":
        return _SPINNER[int(datetime.now(UTC).timestamp() * 6) % len(_SPINNER)]
    return sign


def colour(look: str) -> str:
    """Return the colour of a state."""
    return _LOOKS[look][2]


def word(state: str) -> str:
    """Return a state as people write it."""
    return state.replace("_", " ")


def error_text(error: StepError, limit: int | None = LONGEST_MESSAGE) -> str:
    """Return an error on one line: its class without the module, and the message."""
    return failure_text(error.error_class, error.message, limit)


def failure_text(error_class: str, message: str, limit: int | None = LONGEST_MESSAGE) -> str:
    """Return an error on one line; ``limit`` is that of the message, None for no limit."""
    kind = short_class(error_class)
    line = clip(clean(" ".join(message.split())), limit)
    return f"{kind}: {line}" if line else kind


def short_class(error_class: str) -> str:
    """Return the name of a class without its module."""
    return clean(error_class.rpartition(".")[2])


def elapsed(view: TaskView, now: datetime) -> float:
    """Return the seconds from the task's start to its end, or to now."""
    start = view.started_at or view.created_at
    end = view.ended_at if view.state in AT_REST and view.ended_at else now
    return max(0.0, (end - start).total_seconds())


def unfinished(steps: Sequence[StepView]) -> Iterator[str]:
    """Return the names of the steps that run."""
    return (step.name for step in steps if step.state is StepState.IN_PROGRESS)


def _attempts(step: StepView) -> str:
    if step.attempts <= 1 and step.state not in (StepState.ERROR, StepState.IN_PROGRESS):
        return ""
    return f"{step.attempts}/{_limit(step)}"


def _limit(step: StepView) -> int:
    # Attempts that were forgiven do not count against the limit.
    limit = step.retry_limit if step.retryable else 1
    return max(limit, step.attempts)


def _time(step: StepView, view: TaskView, now: datetime) -> str:
    if step.state is StepState.IN_PROGRESS and step.started_at is not None:
        return seconds(max(0.0, (now - step.started_at).total_seconds()))
    return "" if step.run_seconds is None else seconds(step.run_seconds)


def _note(step: StepView, view: TaskView, now: datetime, results: bool) -> str:
    failed = step.error is not None and step.state is not StepState.COMPLETE
    error = error_text(step.error) if failed and step.error is not None else ""
    if step.retry_at is not None and view.state not in AT_REST:
        if view.state is TaskState.PAUSED:
            return f"retry when resumed; {error}"
        wait = max(0.0, (step.retry_at - now).total_seconds())
        return f"retry in {seconds(wait)}; {error}"
    if error and step.state is not StepState.IN_PROGRESS:
        return error
    if results and step.results is not None:
        return brief(hidden(step.results), 500)
    return ""
