"""Where the time of a task went: every wait, run and backoff of its steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from tasker.actors.workflow.states import AT_REST, SATISFYING
from tasker.reading import HistoryEntry
from tasker.stores.records import StepState, TaskState
from tasker.task_view import TaskView


class SpanKind(StrEnum):
    """What a step did meanwhile."""

    QUEUED = "queued"
    """Ready, and waiting for a permit, a pause to end, or a process to take it up."""
    RUNNING = "running"
    BACKOFF = "backoff"
    """Failed, and waiting for its next attempt."""


class Span(Struct, frozen=True, kw_only=True):
    """A stretch of a step's time. ``start`` and ``end`` are Unix seconds.

    ``attempt`` is the one that runs, that is waited for, or that failed before a
    backoff. ``open`` says that it lasts still. ``outcome`` is the state that a run
    ended with, None for others; ``note`` the error of a run that failed.
    """

    step: str
    kind: SpanKind
    attempt: int
    start: float
    end: float
    open: bool = False
    outcome: StepState | None = None
    note: str = ""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start


class Timeline(Struct, frozen=True, kw_only=True, dict=True):
    """The spans of a task, in the order of their beginning.

    ``start`` is when it was created, ``end`` when it came to rest, or now. ``steps``
    names every step in the order of the definition; ``paused`` holds the stretches in
    which the task was paused.
    """

    start: float
    end: float
    steps: tuple[str, ...]
    spans: tuple[Span, ...]
    paused: tuple[tuple[float, float], ...] = ()

    @cached_property
    def by_step(self) -> Mapping[str, tuple[Span, ...]]:
        """The spans of each step that has any, the one that began first before others."""
        found: dict[str, list[Span]] = {}
        for span in self.spans:
            found.setdefault(span.step, []).append(span)
        return {step: tuple(spans) for step, spans in found.items()}

    @cached_property
    def seconds_by_step(self) -> Mapping[str, float]:
        """Seconds from when each step was ready to its end: waits, runs and backoffs."""
        return {
            step: math.fsum(span.seconds for span in spans) for step, spans in self.by_step.items()
        }

    def seconds(self, kind: SpanKind) -> float:
        """Return the seconds of all spans of a kind together."""
        return math.fsum(span.seconds for span in self.spans if span.kind is kind)

    @cached_property
    def mean_running_steps(self) -> float | None:
        """Steps that ran at once, over the time in which any did; None when none did."""
        runs = sorted(
            (span.start, span.end) for span in self.spans if span.kind is SpanKind.RUNNING
        )
        busy, until = 0.0, 0.0
        for start, end in runs:
            busy += max(0.0, end - max(start, until))
            until = max(until, end)
        return round(self.seconds(SpanKind.RUNNING) / busy, 2) if busy else None


def timeline_of(view: TaskView, history: Iterable[HistoryEntry], now: datetime) -> Timeline:
    """Return the timeline of a task.

    Args:
        view: The task.
        history: All its transitions, in order: `Engine.history`.
        now: Where spans end that last still.
    """
    maker = _Maker({step.name: step.depends_on for step in view.steps})
    for entry in history:
        maker.take(entry)
    return maker.timeline(view.created_at.timestamp(), now.timestamp())


class _Open(Struct):
    """A span that has begun."""

    kind: SpanKind
    attempt: int
    start: float


class _Maker:
    """Replays transitions, and keeps what each step is doing."""

    def __init__(self, dependencies: Mapping[str, Sequence[str]]) -> None:
        self._missing = {name: set(needed) for name, needed in dependencies.items()}
        self._following: dict[str, list[str]] = {name: [] for name in dependencies}
        for name, needed in self._missing.items():
            for dependency in needed:
                self._following[dependency].append(name)
        self._pending = set(dependencies)
        self._attempts = dict.fromkeys(dependencies, 0)
        self._open: dict[str, _Open] = {}
        self._spans: list[Span] = []
        self._begun = False
        self._rests_at: float | None = None
        self._paused_at: float | None = None
        self._paused: list[tuple[float, float]] = []

    def take(self, entry: HistoryEntry) -> None:
        """Take account of a transition."""
        at = entry.at.timestamp()
        if entry.step is None:
            self._take_task(TaskState(entry.to_state), at)
        else:
            self._take_step(entry, entry.step, StepState(entry.to_state), at)

    def timeline(self, start: float, now: float) -> Timeline:
        """Return what was found, with what lasts still cut off at ``now``."""
        end = now if self._rests_at is None else self._rests_at
        end = max([end, start, *(span.end for span in self._spans)])
        for step in list(self._open):
            self._close(step, end, still=True)
        if self._paused_at is not None:
            self._paused.append((self._paused_at, end))
        return Timeline(
            start=start,
            end=end,
            steps=tuple(self._missing),
            spans=tuple(sorted(self._spans, key=lambda span: span.start)),
            paused=tuple(self._paused),
        )

    def _take_task(self, state: TaskState, at: float) -> None:
        self._rests_at = at if state in AT_REST else None
        if self._paused_at is not None:
            self._paused.append((self._paused_at, at))
        self._paused_at = at if state is TaskState.PAUSED else None
        if state is TaskState.IN_PROGRESS:
            self._begun = True
            for step in self._pending:
                self._offer(step, at)
        elif state in AT_REST:
            for step in list(self._open):
                self._close(step, at)

    def _take_step(self, entry: HistoryEntry, step: str, state: StepState, at: float) -> None:
        self._close(step, at, outcome=state, note=_note(entry))
        self._pending.discard(step)
        if state is StepState.IN_PROGRESS:
            self._attempts[step] = entry.attempt or self._attempts[step] + 1
            self._begin(step, SpanKind.RUNNING, at)
        elif state is StepState.PENDING:
            self._pending.add(step)
            self._offer(step, at)
        elif state is StepState.ERROR and entry.detail.get("retry_at") is not None:
            self._begin(step, SpanKind.BACKOFF, at)
        elif state in SATISFYING:
            for following in self._following[step]:
                self._missing[following].discard(step)
                self._offer(following, at)

    def _offer(self, step: str, at: float) -> None:
        if self._begun and step in self._pending and not self._missing[step]:
            self._begin(step, SpanKind.QUEUED, at)

    def _begin(self, step: str, kind: SpanKind, at: float) -> None:
        if step not in self._open:
            attempt = self._attempts[step] + (kind is SpanKind.QUEUED)
            self._open[step] = _Open(kind, attempt, at)

    def _close(
        self,
        step: str,
        at: float,
        *,
        outcome: StepState | None = None,
        note: str = "",
        still: bool = False,
    ) -> None:
        begun = self._open.pop(step, None)
        if begun is None:
            return
        running = begun.kind is SpanKind.RUNNING
        if running or at > begun.start:
            self._spans.append(
                Span(
                    step=step,
                    kind=begun.kind,
                    attempt=begun.attempt,
                    start=begun.start,
                    end=max(at, begun.start),
                    open=still,
                    outcome=outcome if running else None,
                    note=note if running else "",
                )
            )


def _note(entry: HistoryEntry) -> str:
    kind = str(entry.detail.get("error_class", "")).rpartition(".")[2]
    message = " ".join(str(entry.detail.get("message", "")).split())
    return f"{kind}: {message}" if kind and message else kind
