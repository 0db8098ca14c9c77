"""Small builders of records. Instants are arguments, counted from `START`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Raw

from tasker.stores.contract import expect
from tasker.stores.protocols import Store
from tasker.stores.records import (
    AnnotationRecord,
    Append,
    CommandRecord,
    NodeRecord,
    StepRecord,
    StepState,
    TaskChange,
    TaskRecord,
    TaskSnapshot,
    TaskState,
    Transition,
)

START = 1_700_000_000.0


def task(task_id: str, *, at: float = START, **fields: Any) -> TaskRecord:
    """Return a task that can run at once."""
    defaults: dict[str, Any] = {
        "namespace": "default",
        "name": "order",
        "version": "0.1.0",
        "definition_hash": "hash-of-order",
        "state": TaskState.PENDING,
        "created_at": at,
        "requested_at": at,
        "wake_at": 0.0,
        "context": Raw(b'{"order":1}'),
    }
    return TaskRecord(task_id=task_id, **(defaults | fields))


def creation(record: TaskRecord, **fields: Any) -> Append:
    """Return the first append of a task."""
    defaults: dict[str, Any] = {
        "epoch": record.epoch,
        "seq": 1,
        "at": record.created_at,
        "created": record,
        "transitions": (moved(None, None, record.state),),
    }
    return Append(task_id=record.task_id, **(defaults | fields))


def append(task_id: str, seq: int, *, epoch: int = 1, at: float = START, **fields: Any) -> Append:
    """Return a later append of a task."""
    return Append(task_id=task_id, epoch=epoch, seq=seq, at=at, **fields)


def change(state: TaskState = TaskState.IN_PROGRESS, **fields: Any) -> TaskChange:
    """Return the head of a task, with None for what is not given."""
    defaults = {"wake_at": None, "owner": None, "started_at": None, "ended_at": None}
    return TaskChange(state=state, **(defaults | fields))


def step(name: str, state: StepState = StepState.IN_PROGRESS, **fields: Any) -> StepRecord:
    """Return a step's record, in its first attempt."""
    return StepRecord(name=name, state=state, **({"attempts": 1} | fields))


def moved(name: str | None, before: str | None, after: str, **fields: Any) -> Transition:
    """Return a transition of a step, or of the task for None."""
    return Transition(step=name, from_state=before, to_state=str(after), **fields)


def note(kind: str, json: bytes = b"{}", *, at: float = START) -> AnnotationRecord:
    """Return an annotation."""
    return AnnotationRecord(type=kind, annotation=Raw(json), at=at)


def node(node_id: str = "node-a", *, at: float = START) -> NodeRecord:
    """Return a node."""
    return NodeRecord(node_id=node_id, host="here.example", pid=4711, started_at=at)


def command(command_id: str, *, at: float = START, **fields: Any) -> CommandRecord:
    """Return a command that waits."""
    defaults: dict[str, Any] = {
        "task_id": "t1",
        "operation": "cancel",
        "arguments": Raw(b'{"reason":"asked"}'),
    }
    return CommandRecord(command_id=command_id, created_at=at, **(defaults | fields))


async def recorded(store: Store, appends: Sequence[Append]) -> None:
    """Commit appends none of which may be refused."""
    outcomes = await store.commit(appends)
    expect.true(
        outcomes == [None] * len(appends), f"appends in good order are recorded, not {outcomes}"
    )


async def found(store: Store, task_id: str) -> TaskSnapshot:
    """Return a task that must be there."""
    snapshot = await store.get_task(task_id)
    if snapshot is None:
        raise expect.BrokenPromiseError(f"task {task_id} was acknowledged and is not there")
    return snapshot


def steps_of(snapshot: TaskSnapshot) -> dict[str, StepRecord]:
    """Return a snapshot's steps by name: their order is not promised."""
    return {record.name: record for record in snapshot.steps}


async def working(store: Store, *node_ids: str) -> None:
    """Have the nodes of a check work the store, where leases say who may claim."""
    if store.many_nodes:
        for node_id in node_ids or ("node-a", "node-b", "node-c"):
            await store.join(node(node_id))
