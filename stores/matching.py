"""What a filter means, for stores that cannot leave it to their database."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Raw

from tasker.stores.records import (
    AnnotationRecord,
    AuditFilter,
    AuditRecord,
    TaskFilter,
    TaskSummary,
)


def matches(task: TaskSummary, where: TaskFilter, annotations: Iterable[AnnotationRecord]) -> bool:
    """Return whether every field given in the filter holds for the task."""
    return (
        (where.namespace is None or task.namespace == where.namespace)
        and (where.name is None or task.name == where.name)
        and (where.version is None or task.version == where.version)
        and (where.initiator is None or task.initiator == where.initiator)
        and (not where.states or task.state in where.states)
        and set(where.tags) <= set(task.tags)
        and (where.created_from is None or task.created_at >= where.created_from)
        and (where.created_until is None or task.created_at < where.created_until)
        and (where.annotation is None or _annotated(annotations, *where.annotation))
    )


def annotation_text(annotation: bytes | str | Raw, key: str) -> str | None:
    """Return an annotation's top-level key as text, or None.

    A string is its own text; anything else is its JSON. A key that is absent or
    null has none.
    """
    try:
        value = msgspec.json.decode(annotation, type=dict[str, Raw]).get(key)
    except msgspec.DecodeError:
        return None
    text = b"null" if value is None else bytes(value)
    if text == b"null":
        return None
    return msgspec.json.decode(text, type=str) if text.startswith(b'"') else text.decode()


def _annotated(annotations: Iterable[AnnotationRecord], kind: str, key: str, value: str) -> bool:
    return any(
        annotation.type == kind and annotation_text(annotation.annotation, key) == value
        for annotation in annotations
    )


def matches_audit(action: AuditRecord, where: AuditFilter) -> bool:
    """Return whether every field given in the filter holds for the action."""
    return (
        (where.by is None or action.by == where.by)
        and (where.operation is None or action.operation == where.operation)
        and (where.task_id is None or action.task_id == where.task_id)
        and (where.namespace is None or action.namespace == where.namespace)
        and (where.at_from is None or action.at >= where.at_from)
        and (where.at_until is None or action.at < where.at_until)
    )


def position_of(cursor: str) -> int:
    """Return the position that a cursor of actions tells, 0 when it is none."""
    return int(cursor) if len(cursor) < 19 and cursor.isascii() and cursor.isdigit() else 0
