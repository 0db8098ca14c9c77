"""Counts what becomes of tasks and steps, from the decisions that are durable."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tasker.actors.workflow.outcome import LOST
from tasker.actors.workflow.state import WorkflowState
from tasker.stores.encoding import decode
from tasker.stores.records import StepState, TaskRecord, TaskState, Transition
from tasker.telemetry.metrics.tallies import DURATION_BOUNDS, StepTally, TaskTally

TaskLabels = tuple[str, str, str]
"""Namespace, name and version of a definition."""
StepLabels = tuple[str, str, str, str]
"""Those, and the step's name."""

_BEGUN = StepState.IN_PROGRESS
_COMPLETE = StepState.COMPLETE
_PENDING = StepState.PENDING
_TASK_ENDS = frozenset({TaskState.COMPLETE, TaskState.ERROR, TaskState.CANCELLED})


class _Known(Struct, frozen=True, gc=False):
    """The tallies of a definition: each step's with its index."""

    task: TaskTally
    steps: dict[str, tuple[StepTally, int]]


class TaskCounts:
    """Counts tasks and attempts by definition and step: a witness.

    Every label comes from a definition, so there are as many series as there are steps
    in the definitions that have run in this process. The tallies of a definition are
    found once, by its content hash; two definitions of the same version share them.
    """

    def __init__(self, bounds: Sequence[float] = DURATION_BOUNDS) -> None:
        self.tasks: dict[TaskLabels, TaskTally] = {}
        self.steps: dict[StepLabels, StepTally] = {}
        self.recovered = 0
        self._bounds = bounds
        self._known: dict[str, _Known] = {}

    def created(self, task: TaskRecord, at: float) -> None:
        """Count a task that waits in the store."""
        self._task_tally(task).submitted += 1

    def taken_up(self, state: WorkflowState, at: float) -> None:
        """Count a task that is taken up in the middle of an attempt."""
        if state.running:
            self.recovered += 1

    def decided(self, state: WorkflowState, transitions: Sequence[Transition], at: float) -> None:
        """Count transitions that are durable."""
        known = self._known.get(state.plan.definition_hash)
        if known is None:
            known = self._learn(state)
        for transition in transitions:
            if transition.step is None:
                _count_task(known.task, state, transition)
                continue
            tally, index = known.steps[transition.step]
            new = transition.to_state
            if new == _BEGUN:
                _count_start(tally, state, transition, index)
            elif new == _COMPLETE:
                tally.completed += 1
                record = state.steps[index]
                if record.started_at is not None and record.ended_at is not None:
                    tally.duration.observe(record.ended_at - record.started_at)
            elif new != _PENDING:
                _count_other_end(tally, state, transition, index, at)

    def _learn(self, state: WorkflowState) -> _Known:
        task = state.task
        steps: dict[str, tuple[StepTally, int]] = {}
        for step in state.plan.steps:
            labels = (task.namespace, task.name, task.version, step.name)
            tally = self.steps.get(labels)
            if tally is None:
                tally = self.steps[labels] = StepTally(self._bounds)
            steps[step.name] = (tally, step.index)
        known = _Known(self._task_tally(task), steps)
        self._known[state.plan.definition_hash] = known
        return known

    def _task_tally(self, task: TaskRecord) -> TaskTally:
        labels = (task.namespace, task.name, task.version)
        tally = self.tasks.get(labels)
        if tally is None:
            tally = self.tasks[labels] = TaskTally(self._bounds)
        return tally


def _count_start(
    tally: StepTally, state: WorkflowState, transition: Transition, index: int
) -> None:
    tally.started += 1
    if transition.attempt != 1:
        tally.retried += 1
    record = state.steps[index]
    if record.ready_at is not None and record.started_at is not None:
        tally.queued.observe(record.started_at - record.ready_at)


def _count_other_end(
    tally: StepTally, state: WorkflowState, transition: Transition, index: int, at: float
) -> None:
    if transition.to_state == StepState.CANCELLED:
        tally.cancelled += 1
    elif transition.to_state == StepState.RESOLVED_MANUALLY:
        tally.resolved += 1
    else:
        _count_failure(tally, state, transition, index, at)


def _count_failure(
    tally: StepTally, state: WorkflowState, transition: Transition, index: int, at: float
) -> None:
    tally.failed += 1
    # The next attempt may have begun in the same breath: then the record is of that one.
    now, before = state.steps[index], state.undurable.get(index)
    record = before if before is not None and now.attempts != transition.attempt else now
    ended_at = at if record is before or now.ended_at is None else now.ended_at
    detail = decode(transition.detail) or {}
    retry_at = detail.get("retry_at")
    if retry_at is not None:
        tally.backoff_seconds += max(0.0, retry_at - ended_at)
    if detail.get("error_class") == LOST:
        # When it stopped running, nobody saw.
        tally.lost += 1
    elif record.started_at is not None and record.attempts == transition.attempt:
        tally.duration.observe(ended_at - record.started_at)


def _count_task(tally: TaskTally, state: WorkflowState, transition: Transition) -> None:
    new = transition.to_state
    if new == TaskState.IN_PROGRESS:
        if transition.from_state == TaskState.PENDING:
            tally.started += 1
    elif new == TaskState.COMPLETE:
        tally.completed += 1
    elif new == TaskState.ERROR:
        tally.failed += 1
    elif new == TaskState.CANCELLED:
        tally.cancelled += 1
    elif new == TaskState.RESOLVED_MANUALLY:
        tally.resolved += 1
    elif new == TaskState.PENDING:
        if transition.from_state is None:
            tally.submitted += 1
        else:
            tally.retried += 1
    head = state.head
    if new in _TASK_ENDS and head.started_at is not None and head.ended_at is not None:
        tally.duration.observe(head.ended_at - head.started_at)
