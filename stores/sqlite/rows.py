"""Records as rows, and back. The order of the columns is the order in the schema."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw

from tasker.stores.records import (
    DefinitionRecord,
    StepRecord,
    StepState,
    TaskRecord,
    TaskSnapshot,
    TaskState,
    TaskSummary,
)
from tasker.stores.sqlite.queries import queries
from tasker.stores.stored import error_from

Row = tuple[Any, ...]

_QUERIES = queries("reads")
_encode = msgspec.json.Encoder().encode
_names = msgspec.json.Decoder(tuple[str, ...]).decode
_TASK_STATES = {state.value: state for state in TaskState}
_STEP_STATES = {state.value: state for state in StepState}
_HEAD_COLUMNS = 21
_NO_NAMES = "[]"


def json_text(value: Any) -> str:
    """Return a value as JSON text."""
    return _encode(value).decode()


def text(raw: Raw | bytes | None) -> str | None:
    """Return JSON that is already encoded as text."""
    return None if raw is None else bytes(raw).decode()


def raw(stored: str | None) -> Raw | None:
    """Return stored JSON text as it travels in a record."""
    return None if stored is None else Raw(stored.encode())


def task_row(task: TaskRecord, identity: str | None) -> Row:
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
        json_text(task.tags) if task.tags else _NO_NAMES,
        json_text(task.bypass_steps) if task.bypass_steps else _NO_NAMES,
        identity,
        task.correlation_id,
    )


def definition_row(definition: DefinitionRecord) -> Row:
    """Return the row of ``definitions``."""
    return (
        definition.hash,
        definition.namespace,
        definition.name,
        definition.version,
        text(definition.body),
        definition.created_at,
    )


def summary_from(row: Row) -> TaskSummary:
    """Return what a row of ``tasks`` says."""
    return TaskSummary(**_head(row))


def task_from(row: Row) -> TaskRecord:
    """Return what a row of ``tasks`` with its ``task_inputs`` says."""
    return TaskRecord(
        **_head(row),
        context=Raw(row[_HEAD_COLUMNS].encode()),
        overrides=raw(row[_HEAD_COLUMNS + 1]),
        traceparent=row[_HEAD_COLUMNS + 2],
        tracestate=row[_HEAD_COLUMNS + 3],
    )


def _head(row: Row) -> dict[str, Any]:
    head: dict[str, Any] = dict(zip(TaskSummary.__struct_fields__, row, strict=False))
    head["state"] = _TASK_STATES[head["state"]]
    head["tags"] = () if head["tags"] == _NO_NAMES else _names(head["tags"])
    head["bypass_steps"] = () if head["bypass_steps"] == _NO_NAMES else _names(head["bypass_steps"])
    return head


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


def step_from(row: Row) -> StepRecord:
    """Return what a row of ``steps`` says."""
    return StepRecord(
        name=row[1],
        state=_STEP_STATES[row[2]],
        attempts=row[3],
        forgiven=row[4],
        retry_limit=row[5],
        permanent=bool(row[6]),
        retry_at=row[7],
        ready_at=row[8],
        started_at=row[9],
        ended_at=row[10],
        inputs=raw(row[11]),
        results=raw(row[12]),
        error=None if row[13] is None else error_from(row[13]),
    )


def snapshots(connection: sqlite3.Connection, task_ids: Iterable[str]) -> list[TaskSnapshot]:
    """Read whole tasks, inside a transaction of the caller; unknown ones are left out."""
    wanted = {"task_ids": json_text(list(task_ids))}
    steps: defaultdict[str, list[StepRecord]] = defaultdict(list)
    for row in connection.execute(_QUERIES["steps"], wanted):
        steps[row[0]].append(step_from(row))
    return [
        TaskSnapshot(task=task_from(row), steps=tuple(steps[row[0]]), seq=row[-1] or 0)
        for row in connection.execute(_QUERIES["tasks"], wanted)
    ]
