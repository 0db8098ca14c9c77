"""A running task on the screen, or line by line where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from tasker.cli.printing import LONGEST_MESSAGE, clean, clip, console, is_terminal, seconds
from tasker.cli.steps import Row, failure_text, rows, word
from tasker.cli.tables import heading, steps_table
from tasker.reading import HistoryEntry
from tasker.stores.records import StepState
from tasker.task_view import TaskView

FRAMES_PER_SECOND = 8
LINES_BESIDE_STEPS = 5
"""Of the screen: heading, id, column names, what is hidden, and the prompt."""


class Display(Protocol):
    """Shows a task as it goes on; entered and left with ``with``."""

    def show(self, view: TaskView, entries: Sequence[HistoryEntry]) -> None:
        """Take a newer state, and the transitions since the last one."""

    def running(self) -> AbstractContextManager[Any]:
        """Return what is entered while the task runs."""


def make_display(*, quiet: bool) -> Display:
    """Return the display that suits the output."""
    if quiet:
        return Silence()
    return Screen() if is_terminal() else Lines()


class Silence:
    """Shows nothing."""

    def show(self, view: TaskView, entries: Sequence[HistoryEntry]) -> None:
        """Take a newer state."""

    def running(self) -> AbstractContextManager[Any]:
        """See `Display.running`."""
        return nullcontext()


class Screen:
    """The graph, level by level, drawn again and again; gone when it is left."""

    def __init__(self) -> None:
        self._view: TaskView | None = None

    def show(self, view: TaskView, entries: Sequence[HistoryEntry]) -> None:
        """Draw this from now on."""
        self._view = view

    def running(self) -> AbstractContextManager[Any]:
        """Draw until left; what handlers print meanwhile stands above it."""
        return Live(
            console=console(),
            get_renderable=self._draw,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            vertical_overflow="crop",
        )

    def _draw(self) -> RenderableType:
        view = self._view
        if view is None:
            return Text("starting …", style="bright_black")
        now = datetime.now(UTC)
        shown, hidden = fitting(rows(view, now), console().height - LINES_BESIDE_STEPS)
        parts: list[RenderableType] = [
            heading(view, now),
            Text(view.task_id, style="bright_black", overflow="fold"),
            steps_table(shown, turning=True),
        ]
        if hidden:
            parts.append(Text(f"  and {hidden}", style="bright_black"))
        return Group(*parts)


class Lines:
    """One line for each thing that happens, in order, with the seconds since the start."""

    def __init__(self) -> None:
        self._start: datetime | None = None

    def show(self, view: TaskView, entries: Sequence[HistoryEntry]) -> None:
        """Print what happened."""
        if self._start is None:
            self._start = view.created_at
            title = f"{view.namespace}.{view.name}@{view.version}"
            print(f"task {view.task_id}  {clean(title)}", flush=True)
        width = max((len(step.name) for step in view.steps), default=4)
        for entry in entries:
            text = happening(entry, view)
            if text:
                since = (entry.at - self._start).total_seconds()
                name = clean(entry.step or "task")
                print(f"{since:8.2f}s  {name:{width}}  {text}", flush=True)

    def running(self) -> AbstractContextManager[Any]:
        """See `Display.running`."""
        return nullcontext()


def happening(entry: HistoryEntry, view: TaskView, *, limit: int | None = LONGEST_MESSAGE) -> str:
    """Return a transition in words; empty for one that says nothing new.

    ``limit`` is that of an error's message, or a reason; None for no limit.
    """
    if entry.step is None:
        told = [word(entry.to_state), *_why(entry, limit)]
        return "" if entry.from_state is None else ", ".join(told)
    if entry.to_state == StepState.PENDING:
        # Each retry is told twice: that it is due, and that it starts.
        return (
            ""
            if entry.detail.get("reason") == "retry"
            else ", ".join(["to be retried", *_why(entry, limit)])
        )
    if entry.to_state == StepState.IN_PROGRESS:
        again = f", attempt {entry.attempt}" if (entry.attempt or 1) > 1 else ""
        return f"started{again}"
    if entry.to_state == StepState.ERROR:
        return _failure(entry, view, limit)
    return ", ".join([word(entry.to_state), *_why(entry, limit)])


def fitting(steps: Sequence[Row], height: int) -> tuple[list[Row], str]:
    """Choose the rows that fit a screen, and say in words what the others are.

    What runs, waits for a retry or failed goes first, then what comes next, then
    what is done, latest first; the order of the rows stays.
    """
    if len(steps) <= max(3, height):
        return list(steps), ""
    urgency = {"in_progress": 0, "retrying": 1, "error": 1, "pending": 2}
    last = len(steps)
    ranked = sorted(
        range(last),
        key=lambda i: (
            urgency.get(steps[i].look, 3),
            i if steps[i].look in urgency else last - i,
        ),
    )
    chosen = sorted(ranked[: max(3, height)])
    rest = Counter(steps[index].look for index in set(range(last)) - set(chosen))
    return [steps[index] for index in chosen], ", ".join(
        f"{count} {word(look)}" for look, count in rest.most_common()
    )


def _failure(entry: HistoryEntry, view: TaskView, longest: int | None) -> str:
    detail = entry.detail
    why = failure_text(str(detail.get("error_class", "")), str(detail.get("message", "")), longest)
    limit = view.step(entry.step or "").retry_limit
    text = f"error, attempt {entry.attempt} of {max(limit, entry.attempt or 1)}: {why}"
    if detail.get("retry_at") is not None:
        text += f"; retry in {seconds(max(0.0, detail['retry_at'] - entry.at.timestamp()))}"
    elif (entry.attempt or 0) < limit:
        text += "; no retry"
    return text


def _why(entry: HistoryEntry, limit: int | None) -> list[str]:
    told = []
    if entry.detail.get("by"):
        told.append(f"by {clean(str(entry.detail['by']))}")
    if entry.detail.get("reason"):
        told.append(clip(clean(str(entry.detail["reason"])), limit))
    return told
