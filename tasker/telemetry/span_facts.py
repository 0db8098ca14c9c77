"""What spans tell of tasks: names, attributes, links and instants."""

from __future__ import annotations

from typing import Any

from tasker.stores.records import TaskRecord
from tasker.telemetry import otel

PROPAGATOR = otel.TraceContextTextMapPropagator()
NOWHERE = otel.Context()
"""A context without a span: what begins in it is a root."""


def nanoseconds(at: float) -> int:
    """Return an instant in Unix seconds as OpenTelemetry has it, to the microsecond."""
    return round(at * 1e6) * 1_000  # a float of today's time holds no more than that


def task_span_name(task: TaskRecord) -> str:
    """Return the name of a task's span."""
    return f"task {task.namespace}.{task.name}"


def named_in(task: TaskRecord) -> dict[str, Any]:
    """Return the attributes that say whose a span is."""
    named = {
        "tasker.task.id": task.task_id,
        "tasker.task.namespace": task.namespace,
        "tasker.task.name": task.name,
        "tasker.task.version": task.version,
    }
    if task.correlation_id is not None:
        named["tasker.correlation_id"] = task.correlation_id
    return named


def facts_of_task(task: TaskRecord) -> dict[str, Any]:
    """Return what is known of a task from its beginning: what a sampler may go by."""
    return {**named_in(task), "tasker.task.priority": task.priority}


def links_of(task: TaskRecord) -> list[otel.Link]:
    """Return a link to the request that submitted the task, if it said which."""
    if task.traceparent is None:
        return []
    carrier = {"traceparent": task.traceparent, "tracestate": task.tracestate or ""}
    found = otel.get_current_span(PROPAGATOR.extract(carrier, NOWHERE)).get_span_context()
    return [otel.Link(found)] if found.is_valid else []
