"""What a caller asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from tasker.definitions.definition import DEFAULT_NAMESPACE
from tasker.errors import InvalidRequestError
from tasker.telemetry.correlation import check_correlation


class TaskRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request for a task.

    Attributes:
        name: Name of the definition.
        namespace: Its namespace.
        version: An exact version, or None or ``latest`` for the latest release.
        context: What the task works on: a JSON object.
        initiator: Who asks for it.
        by: Who really asks, as whoever takes the request knows them; it is kept for the audit.
            None where nobody is known.
        source_system: The system that they ask from.
        reason: Why.
        tags: Free labels, to find it by.
        bypass_steps: Skippable steps to take as done.
        requested_at: When it was asked for, aware; None for now.
        priority: Higher goes first; None for the definition's.
        idempotency_key: A second request with this key, in the same namespace and
            name, raises `DuplicateTaskError` with the first one's task; None for
            the engine's identity strategy.
        correlation_id: What joins the task, and all that is logged of it, with what
            caused it: 1 to 128 visible ASCII characters. None for that of the attempt
            or request that submits it, else the task's id.
        traceparent: The W3C trace context of the request, None for that of the attempt
            or request that submits it, if there is one.
        tracestate: What vendors have added to it.
    """

    name: str
    namespace: str = DEFAULT_NAMESPACE
    version: str | None = None
    context: dict[str, Any] = {}
    initiator: str = "unknown"
    by: str | None = None
    source_system: str = "unknown"
    reason: str = "unknown"
    tags: Sequence[str] = ()
    bypass_steps: Sequence[str] = ()
    requested_at: datetime | None = None
    priority: int | None = None
    idempotency_key: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None

    def __post_init__(self) -> None:
        for field in ("name", "namespace", "initiator", "source_system", "reason"):
            if not isinstance(getattr(self, field), str) or not getattr(self, field):
                raise InvalidRequestError(f"{field} of a task request must be a non-empty string")
        for field in ("tags", "bypass_steps"):
            value = getattr(self, field)
            if isinstance(value, str) or not all(isinstance(part, str) for part in value):
                raise InvalidRequestError(f"{field} of a task request must be a list of strings")
        if not isinstance(self.context, dict):
            raise InvalidRequestError("context of a task request must be a mapping")
        if self.requested_at is not None and self.requested_at.tzinfo is None:
            raise InvalidRequestError(
                "requested_at of a task request needs a time zone, as in datetime.now(UTC)"
            )
        if self.priority is not None and not isinstance(self.priority, int):
            raise InvalidRequestError("priority of a task request must be a whole number")
        check_correlation(self.correlation_id, self.traceparent, self.tracestate)

    def requested_timestamp(self, now: float) -> float:
        """Return when it was asked for, in Unix seconds."""
        return now if self.requested_at is None else self.requested_at.timestamp()


def check_is_request(request: object) -> None:
    """Raise `InvalidRequestError` for anything but a `TaskRequest`."""
    if not isinstance(request, TaskRequest):
        name = request if isinstance(request, str) else "order"
        raise InvalidRequestError(
            f"a task is not submitted by {type(request).__name__}; give a TaskRequest, as in "
            f"TaskRequest(name={name!r})"
        )


def instant(timestamp: float | None) -> datetime | None:
    """Return Unix seconds as an aware datetime, UTC; None for None."""
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
