"""The permissions that there are, as ``resource:action``."""

from __future__ import annotations

from collections.abc import Mapping

PUBLIC = "public"
"""What a route asks for that anybody may use."""

EACH_PART = "each part"
"""What a route asks for that asks by itself, for each part of what its body wants."""

RESOURCES: Mapping[str, tuple[str, ...]] = {
    "tasker.task": (
        *("index", "show", "create", "update", "cancel"),
        *("pause", "resume", "retry", "resolve", "annotate"),
    ),
    "tasker.workflow_step": ("index", "show", "update", "cancel", "retry", "resolve"),
    "tasker.handler": ("index", "show"),
    "tasker.event": ("index",),
    "tasker.subscription": ("index", "update", "remove"),
    "tasker.dead_letter": ("index", "redeliver", "discard"),
    "tasker.actor": ("index",),
    "tasker.health_status": ("index",),
    "tasker.metrics": ("index",),
    "tasker.analytics": ("index",),
    "tasker.annotation_type": ("index",),
    "tasker.documentation": ("show",),
    "tasker.access": ("show",),
    # Not `index`: whoever may see all lists need not see who did what.
    "tasker.audit": ("read",),
}
"""Each resource with its actions."""


def all_permissions() -> tuple[str, ...]:
    """Return every permission there is."""
    return tuple(f"{resource}:{action}" for resource, each in RESOURCES.items() for action in each)


def exists(permission: str) -> bool:
    """Whether there is such a permission."""
    resource, _, action = permission.partition(":")
    return action in RESOURCES.get(resource, ())


def matches(pattern: str, permission: str) -> bool:
    """Whether a pattern, in which ``*`` stands for a whole part, covers a permission.

    ``*`` alone covers everything, ``tasker.task:*`` all that can be done with tasks, and
    ``*:index`` every list.
    """
    if pattern == "*":
        return True
    wanted, given = pattern.partition(":"), permission.partition(":")
    return wanted[0] in ("*", given[0]) and wanted[2] in ("*", given[2])


def covers_any(pattern: str) -> bool:
    """Whether a pattern covers a permission at all."""
    return any(matches(pattern, permission) for permission in all_permissions())
