"""What users may do, by their roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasker.server.access.protocols import User
from tasker.server.permissions import covers_any, matches

DEFAULT_ROLES: Mapping[str, tuple[str, ...]] = {
    "admin": ("*",),
    "operator": ("tasker.task:*", "tasker.workflow_step:*", "*:index", "*:show"),
    "submitter": ("tasker.task:create", "tasker.task:show", "tasker.handler:*"),
    "viewer": ("*:index", "*:show"),
}
"""The roles that there are unless the settings name others."""


class RoleCoordinator:
    """Allows what a role of the user names.

    Args:
        roles: Patterns of permissions by role, see `tasker.server.permissions.matches`.
    """

    def __init__(self, roles: Mapping[str, Sequence[str]] = DEFAULT_ROLES) -> None:
        self._roles = {name: tuple(patterns) for name, patterns in roles.items()}

    async def allows(self, user: User, permission: str, context: Mapping[str, Any]) -> bool:
        """See `Coordinator.allows`."""
        return any(
            matches(pattern, permission)
            for role in user.roles
            for pattern in self._roles.get(role, ())
        )

    def validate_configuration(self) -> Sequence[str]:
        """See `Coordinator.validate_configuration`."""
        return [
            f"auth.roles.{role}: {pattern!r} covers no permission"
            for role, patterns in self._roles.items()
            for pattern in patterns
            if not covers_any(pattern)
        ]
