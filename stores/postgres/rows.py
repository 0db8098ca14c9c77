"""Records as rows, and back. The order of the columns is the order in the schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from tasker.stores.postgres.driver import Connection
from tasker.stores.postgres.driver import Row as Found
from tasker.stores.postgres.statements import Statements
from tasker.stores.records import (
    StepRecord,
    StepState,
    TaskChange,
    TaskDetails,
    TaskRecord,
    TaskSnapshot,
    TaskState,
    TaskSummary,
)
from tasker.stores.stored import error_from

Row = tuple[Any, ...]

_encode = msgspec.json.Encoder().encode
_names = msgspec.json.Decoder(tuple[str, ...]).decode
_TASK_STATES = {state.value: state for state in TaskState}
_HEAD_COLUMNS = len(TaskSummary.__struct_fields__)
_NO_NAMES = "[]"


class StoredStep(Struct, array_like=True):
    """A row of ``steps`` without its task, as the query ``tasks`` gives it."""

    name: str
    state: StepState
    attempts: int
    forgiven: int
    retry_limit: int | None
    permanent: bool
    retry_at: float | None
    ready_at: float | None
    started_at: float | None
    ended_at: float | None
    inputs: str | None
    results: str | None
    error: str | None


_steps = msgspec.json.Decoder(list[StoredStep]).decode


def json_text(value: Any) -> str:
    """Return a value as JSON text."""
    return _encode(value).decode()


def text(raw: Raw | bytes | None) -> str | None:
    """Return JSON that is already encoded as text."""
    return None if raw is None else bytes(raw).decode()


def raw(stored: str | None) -> Raw | None:
    """Return stored JSON text as it travels in a record."""
    return None if stored is None else Raw(stored.encode())


def task_row(task: TaskRecord, seq: int) -> Row:
    """Return the row of ``tasks``."""
    return (
        task.task_id,
        task.namespace,
        task.name,
        task.version,
        task.definition_hash,
        task.state.value,
        task.priority,
        task.created_at,
        task.requested_at,
        task.started_at,
        task.ended_at,
        task.wake_at,
        task.owner,
        task.epoch,
        task.initiator,
        task.source_system,
        task.reason,
        names_text(task.tags),
        names_text(task.bypass_steps),
        task.identity,
        task.correlation_id,
        seq,
    )


class Move(Struct):
    """Where a task that exists is moved to, from the append ``seq_before``."""

    epoch: int
    seq_before: int
    seq: int
    change: TaskChange | None = None
    details: TaskDetails | None = None


def head_row(task_id: str, move: Move) -> Row:
    """Return a row of ``heads`` in the statement ``record``."""
    head: Row = (None,) * 5
    if (change := move.change) is not None:
        head = (
            change.state.value,
            change.wake_at,
            change.owner,
            change.started_at,
            change.ended_at,
        )
    said: Row = (None, None)
    if move.details is not None:
        said = (move.details.reason, names_text(move.details.tags))
    return (task_id, move.epoch, move.seq_before, move.seq, *head, *said)


def names_text(names: tuple[str, ...]) -> str:
    """Return names as a JSON array, which a query may look into.

    Raises:
        ValueError: One has U+0000 in it, which text cannot hold.
    """
    if not names:
        return _NO_NAMES
    if any("\0" in name for name in names):
        raise ValueError("U+0000 in a name")
    return json_text(names)


def step_row(task_id: str, step: StepRecord) -> Row:
    """Return the row of ``steps``."""
    return (
        task_id,
        step.name,
        step.state.value,
        step.attempts,
        step.forgiven,
        step.retry_limit,
        step.permanent,
        step.retry_at,
        step.ready_at,
        step.started_at,
        step.ended_at,
        text(step.inputs),
        text(step.results),
        None if step.error is None else json_text(step.error),
    )


def summary_from(row: Found) -> TaskSummary:
    """Return what a row of ``tasks`` says."""
    return TaskSummary(**_head(row))


def snapshot_from(row: Found) -> TaskSnapshot:
    """Return what a row of the query ``tasks`` says."""
    seq, context, overrides, traceparent, tracestate, steps = row[_HEAD_COLUMNS:]
    task = TaskRecord(
        **_head(row),
        context=Raw(context.encode()),
        overrides=raw(overrides),
        traceparent=traceparent,
        tracestate=tracestate,
    )
    found = [] if steps is None else _steps(steps)
    return TaskSnapshot(task=task, steps=tuple(_step_from(each) for each in found), seq=seq)


async def snapshots(
    connection: Connection, statements: Statements, task_ids: Iterable[str]
) -> list[TaskSnapshot]:
    """Read whole tasks; unknown ones are left out."""
    statement = statements["tasks"]
    rows = await connection.fetch(statement.sql, list(task_ids))
    return [snapshot_from(row) for row in rows]


def _head(row: Found) -> dict[str, Any]:
    head: dict[str, Any] = dict(
        zip(TaskSummary.__struct_fields__, row[:_HEAD_COLUMNS], strict=True)
    )
    head["state"] = _TASK_STATES[head["state"]]
    head["tags"] = () if head["tags"] == _NO_NAMES else _names(head["tags"])
    head["bypass_steps"] = () if head["bypass_steps"] == _NO_NAMES else _names(head["bypass_steps"])
    return head


def _step_from(stored: StoredStep) -> StepRecord:
    return StepRecord(
        name=stored.name,
        state=stored.state,
        attempts=stored.attempts,
        forgiven=stored.forgiven,
        retry_limit=stored.retry_limit,
        permanent=stored.permanent,
        retry_at=stored.retry_at,
        ready_at=stored.ready_at,
        started_at=stored.started_at,
        ended_at=stored.ended_at,
        inputs=raw(stored.inputs),
        results=raw(stored.results),
        error=None if stored.error is None else error_from(stored.error),
    )
