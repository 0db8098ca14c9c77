"""Names of events that users declare: ``namespace.event``, outside of the engine's namespaces."""

from __future__ import annotations

import re

from tasker.definitions.names import LONGEST

RESERVED = (
    *("cache", "engine", "export", "handler", "health", "metrics", "observability"),
    *("plugin", "registry", "step", "subscriber", "task", "tasker", "workflow"),
)
"""The namespaces of the engine's own events, and of those that it may have one day."""

EXAMPLE = "orders.placed"

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")


def wrong_with(name: str) -> tuple[str, str] | None:
    """What is wrong with the name of a custom event, as the end of a sentence, or None.

    Returns:
        The fault and what to do about it.
    """
    namespace, dot, rest = name.partition(".")
    if not (dot and namespace and rest):
        return "has no namespace", f"write namespace.event, as in {EXAMPLE}"
    if not _NAME.fullmatch(name):
        return (
            "is no name of an event",
            f"use letters, digits, _ and - between single dots, as in {EXAMPLE}",
        )
    if len(name) > LONGEST:
        return f"has {len(name)} characters", f"use at most {LONGEST}"
    if namespace.lower() in RESERVED:
        return (
            "is in a namespace of the engine",
            f"use another namespace than {', '.join(RESERVED)}",
        )
    return None
