"""Facts out of events, for metrics and error trackers. None of these raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ERROR_TYPES = (
    ("timeout", r"timeout|timedout"),
    ("network", r"connection|network|connecterror"),
    ("not_found", r"notfound|missing|404"),
    ("auth", r"unauthorized|forbidden|401|403"),
    ("rate_limit", r"ratelimit|toomanyrequests|429"),
    ("client_error", r"badrequest|invalid|400"),
    ("server_error", r"servererror|internalerror|500"),
    ("runtime", r"(^|\.)(exception|runtimeerror)$"),
)
_TAGS = {"task_name": "task", "step": "step", "version": "version", "attempt": "attempt"}


def safe_get(event: Any, key: str, default: Any = None) -> Any:
    """Return what an event holds under a key, of a custom one in its payload too.

    A key that is there with null gives None, one that is not gives ``default``; so
    does an event that is None. A mapping is looked into as an event is.
    """
    if event is None:
        return default
    if isinstance(event, Mapping):
        return event.get(key, default)
    return event.name if key == "name" else event.get(key, default)


def core_attributes(event: Any) -> dict[str, Any]:
    """Return ``task_id``, ``namespace``, ``task_name``, ``version`` and ``at``, those there are."""
    return _present(event, "task_id", "namespace", "task_name", "version", "at")


def step_attributes(event: Any) -> dict[str, Any]:
    """Return the same with ``step`` and ``attempt``."""
    return {**core_attributes(event), **_present(event, "step", "attempt")}


def timing_metrics(event: Any) -> dict[str, float]:
    """Return ``duration_seconds``, ``queued_seconds`` and the counts of steps, 0 where unknown."""
    return {
        "duration_seconds": numeric_metric(event, "duration_seconds"),
        "queued_seconds": numeric_metric(event, "queued_seconds"),
        "total_steps": numeric_metric(event, "total_steps"),
        "completed_steps": numeric_metric(event, "completed_steps"),
    }


def error_metrics(event: Any) -> dict[str, Any]:
    """Return what failed and whether that was final.

    ``error_type`` is a word for the class, see `error_type`. A failure is final when no
    further attempt is due: of a task always, of a step when it has no ``retry_at``.
    """
    error_class = safe_get(event, "error_class") or ""
    retry_at = safe_get(event, "retry_at")
    return {
        "error_class": error_class or "UnknownError",
        "error_message": safe_get(event, "error_message") or "unknown error",
        "error_type": error_type(error_class),
        "attempt": safe_get(event, "attempt", 1),
        "is_retryable": not safe_get(event, "permanent", False),
        "final_failure": retry_at is None,
    }


def performance_metrics(event: Any) -> dict[str, float]:
    """Return ``queued_seconds``, ``duration_seconds`` and ``backoff_seconds``, 0 where unknown."""
    names = ("queued_seconds", "duration_seconds", "backoff_seconds")
    return {name: numeric_metric(event, name) for name in names}


def metric_tags(event: Any) -> list[str]:
    """Return ``["task:checkout", "step:charge", …]``, those there are; never an id."""
    return [
        f"{tag}:{value}"
        for key, tag in _TAGS.items()
        if (value := safe_get(event, key)) not in (None, "")
    ]


def metric_name(base: str, kind: str) -> str:
    """Return ``base.kind`` with single dots."""
    return re.sub(r"\.+", ".", f"{base}.{kind}").strip(".")


def numeric_metric(event: Any, key: str, default: float = 0.0) -> float:
    """Return a number that an event holds; ``default`` for what is none."""
    value = safe_get(event, key, default)
    if isinstance(value, bool) or value is None:
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def error_type(error_class: str | None) -> str:
    """Return a word for an exception's class: the first that fits, whatever the case.

    ``timeout``, ``network``, ``not_found``, ``auth``, ``rate_limit``, ``client_error``,
    ``server_error``, ``runtime``; ``other`` for the rest, ``unknown`` for none.
    """
    if not error_class:
        return "unknown"
    short = error_class.lower()
    return next((word for word, pattern in _ERROR_TYPES if re.search(pattern, short)), "other")


def _present(event: Any, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := safe_get(event, name)) is not None}
