"""The usual decisions: a task begins, its steps start, each is complete, and so is the task.

What a draft would come to, in a fraction of the time. None of it needs one: every step
that changes goes from one known standing to another.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Raw
from msgspec.structs import replace

from tasker.actors.workflow.decision import NOTHING, Decision, Move
from tasker.actors.workflow.state import (
    COMPLETE,
    DONE,
    HELD,
    IN_PROGRESS,
    PENDING,
    READY,
    RUNNING,
    WAITING,
    WorkflowState,
)
from tasker.stores.records import StepRecord, TaskChange, TaskState, Transition

_TASK_PENDING = TaskState.PENDING
_TASK_IN_PROGRESS = TaskState.IN_PROGRESS
_TASK_COMPLETE = TaskState.COMPLETE

_BEGINS = (Transition(from_state=_TASK_PENDING, to_state=_TASK_IN_PROGRESS),)
_ENDS = Transition(from_state=_TASK_IN_PROGRESS, to_state=_TASK_COMPLETE)


def begin_task(state: WorkflowState, now: float) -> Decision | None:
    """Return the decision that a task begins with the steps that are ready.

    None when more follows than that: it has begun before, steps are bypassed, or none
    is ready.
    """
    head = state.head
    if head.state is not _TASK_PENDING or state.task.bypass_steps:
        return None
    if not state.ready or state.running or state.waiting:
        return None
    return Decision(
        head=TaskChange(
            state=_TASK_IN_PROGRESS, wake_at=0.0, owner=head.owner, started_at=now, ended_at=None
        ),
        transitions=_BEGINS,
        ready=tuple(sorted(state.ready)),
    )


def start_steps(state: WorkflowState, indices: Iterable[int], now: float) -> Decision:
    """Return the decision that an attempt begins of each of these steps that is ready."""
    if state.head.state is not _TASK_IN_PROGRESS:
        return NOTHING
    records: dict[int, StepRecord] = {}
    transitions: list[Transition] = []
    moves: list[Move] = []
    for index in indices:
        if index not in state.ready or index in records:
            continue
        old = state.steps[index]
        attempts = old.attempts + 1
        records[index] = replace(
            old,
            state=IN_PROGRESS,
            attempts=attempts,
            ready_at=old.ready_at or _ready_since(state, index),
            started_at=now,
            ended_at=None,
        )
        transitions.append(
            Transition(step=old.name, from_state=PENDING, to_state=IN_PROGRESS, attempt=attempts)
        )
        moves.append((index, READY, RUNNING))
    return Decision(steps=records, recorded=records.keys(), transitions=transitions, moves=moves)


def complete_step(state: WorkflowState, index: int, results: Raw, now: float) -> Decision | None:
    """Return the decision that a running step is complete, and the task with its last one.

    None when more follows than that: the task comes to another end with it, or is not in
    progress.
    """
    head, counts = state.head, state.counts
    if head.state is not _TASK_IN_PROGRESS:
        return None
    old = state.steps[index]
    records = {
        index: replace(
            old, state=COMPLETE, results=results, error=None, retry_at=None, ended_at=now
        )
    }
    moves: list[Move] = [(index, RUNNING, DONE)]
    remaining: dict[int, int] = {}
    ready: list[int] = []
    for child in state.plan.steps[index].dependents:
        left = remaining[child] = state.remaining[child] - 1
        if left == 0 and (record := state.steps[child]).state is PENDING:
            # Not recorded: only the queue wait of a live task is made from it.
            records[child] = replace(record, ready_at=now)
            moves.append((child, HELD, READY))
            ready.append(child)
    transitions = [
        Transition(
            step=old.name,
            from_state=IN_PROGRESS,
            to_state=COMPLETE,
            attempt=old.attempts or None,
        )
    ]
    new_head: TaskChange | None = None
    if not ready and counts[RUNNING] == 1 and not counts[READY] and not counts[WAITING]:
        if counts[DONE] + 1 != len(state.steps):
            return None
        new_head = TaskChange(
            state=_TASK_COMPLETE,
            wake_at=None,
            owner=head.owner,
            started_at=head.started_at,
            ended_at=now,
        )
        transitions.append(_ENDS)
    return Decision(
        head=new_head,
        steps=records,
        recorded={index},
        transitions=transitions,
        ready=tuple(ready),
        moves=moves,
        remaining=remaining,
    )


def _ready_since(state: WorkflowState, index: int) -> float | None:
    """Return when a step of a task that was loaded became ready: nothing recorded it.

    It is when the last of its dependencies ended, or the task began, the later of both.
    """
    since = state.head.started_at
    for parent in state.plan.steps[index].depends_on:
        ended = state.steps[parent].ended_at
        if ended is not None and (since is None or ended > since):
            since = ended
    return since
