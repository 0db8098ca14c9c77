"""What users may do, by their roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from tasker.server.access.protocols import Asked, User
from tasker.server.permissions import covers_any, matches


class Grant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Permissions that hold under conditions; every one that is given has to hold.

    Attributes:
        allow: Patterns of permissions, see `tasker.server.permissions.matches`.
        namespaces: Only for what is in one of these namespaces: tasks, handlers, and lists
            and figures that are asked for with ``namespace``.
        own: Only for tasks whose ``initiator`` is the user; lists of tasks and their
            statistics are of these alone.
    """

    allow: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    own: bool = False

    @property
    def is_conditional(self) -> bool:
        """Whether it depends on what is asked about."""
        return bool(self.namespaces) or self.own

    def covers(self, permission: str) -> bool:
        """Whether it is about a permission at all."""
        return any(matches(pattern, permission) for pattern in self.allow)

    def holds(self, user: User, namespace: str | None, initiator: str | None) -> bool:
        """Whether its conditions hold; None for what is not known, which no condition takes."""
        if self.namespaces and namespace not in self.namespaces:
            return False
        return not self.own or initiator == user.user_id


Roles = Mapping[str, Sequence[str | Grant]]
"""What each role allows: patterns, and grants with conditions."""

DEFAULT_ROLES: Mapping[str, tuple[str, ...]] = {
    "admin": ("*",),
    "operator": ("tasker.task:*", "tasker.workflow_step:*", "*:index", "*:show"),
    "submitter": (
        *("tasker.task:create", "tasker.task:show", "tasker.handler:*"),
        "tasker.access:show",
    ),
    "viewer": ("*:index", "*:show"),
}
"""The roles that there are unless the settings name others."""


class RoleCoordinator:
    """Allows what a role of the user names, and nothing else.

    Args:
        roles: What each role allows.
    """

    def __init__(self, roles: Roles = DEFAULT_ROLES) -> None:
        self._roles = {
            name: tuple(Grant(allow=(each,)) if isinstance(each, str) else each for each in grants)
            for name, grants in roles.items()
        }

    async def allows(self, user: User, permission: str, context: Mapping[str, Any]) -> bool:
        """See `Coordinator.allows`. A task is looked at only where a condition needs it."""
        grants = [grant for grant in self._grants(user) if grant.covers(permission)]
        if any(not grant.is_conditional for grant in grants):
            return True
        if not grants:
            return False
        if isinstance(context, Asked) and context.undecided:
            return True
        namespace, initiator = context.get("namespace"), context.get("initiator")
        if "task_id" in context:
            # What is recorded of the task alone: nothing that the request says beside it.
            subject = await context.subject() if isinstance(context, Asked) else None
            if subject is None:
                return False
            namespace, initiator = subject.namespace, subject.initiator
        return any(grant.holds(user, namespace, initiator) for grant in grants)

    def validate_configuration(self) -> Sequence[str]:
        """See `Coordinator.validate_configuration`."""
        return [
            f"auth.roles.{role}: {pattern!r} covers no permission"
            for role, grants in self._roles.items()
            for grant in grants
            for pattern in grant.allow
            if not covers_any(pattern)
        ]

    def _grants(self, user: User) -> Iterator[Grant]:
        for role in user.roles:
            yield from self._roles.get(role, ())
