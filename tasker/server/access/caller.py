"""Who asks, for one request, and what they may do: what every interface asks before it acts."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from msgspec import Struct

from tasker.server.access.protocols import Asked, Coordinator, Subject, User
from tasker.server.errors import AuthenticationError, AuthorizationError
from tasker.server.permissions import all_permissions, exists

audit = logging.getLogger("tasker.audit")
"""Where refused requests are told, with who asked."""


class Policy(Struct, frozen=True, kw_only=True):
    """What decides, for all requests: ``open`` are permissions that everybody has."""

    coordinator: Coordinator
    open: Collection[str]
    find: Callable[[str], Awaitable[Subject | None]]


class Caller:
    """Who asks, and what they may do.

    There is one for each request, and it is kept with that request alone.

        caller = await caller_of(request)
        await caller.require("tasker.task:cancel", task_id=task_id)     # or raises
        if await caller.can("tasker.task:retry", task_id=task_id): ...  # to show a button

    Args:
        user: Who asks, None where nobody is known.
        refusal: Why nobody is known.
        policy: What decides.
        request: How the request is told in the log: method, path and address.
    """

    def __init__(
        self,
        user: User | None,
        *,
        policy: Policy,
        refusal: AuthenticationError | None = None,
        request: str = "",
    ) -> None:
        self.user = user
        self._policy = policy
        self._refusal = refusal
        self._request = request

    async def can(self, permission: str, **about: Any) -> bool:
        """Return whether they have a permission; one that does not exist nobody has.

        ``about`` is what it is about, as ``task_id`` or ``namespace``.
        """
        return await self._allowed(permission, self.asked(about))

    async def require(self, permission: str, **about: Any) -> None:
        """Raise unless they have a permission; see `can`. What is refused is logged.

        Raises:
            AuthenticationError: Nobody is known, and not everybody has it.
            AuthorizationError: They lack it.
        """
        await self.require_for(permission, self.asked(about))

    async def require_for(self, permission: str, asked: Asked) -> None:
        """Raise unless they have a permission for just this; see `require`."""
        if await self._allowed(permission, asked):
            return
        error: AuthenticationError | AuthorizationError
        if self.user is None and exists(permission):
            error = self._refusal or AuthenticationError(reason="nobody is known")
        else:
            error = AuthorizationError(permission=permission)
        who = None if self.user is None else self.user.user_id
        # In quotes: neither a name nor a path may look like a line of its own.
        audit.warning(
            "refused %r to %r: %s; asked by %r",
            permission,
            who,
            error,
            self._request,
            extra={"user_id": who, "permission": permission},
        )
        raise error

    async def own_alone(self, permission: str, **about: Any) -> str | None:
        """Return their id where of a list of tasks they may have their own alone; else None.

        ``about`` says nothing of the initiator. Who may have all of it, or nothing, or is
        not known, has no list of their own.
        """
        if self.user is None or await self.can(permission, **about):
            return None
        mine = await self.can(permission, **about, initiator=self.user.user_id)
        return self.user.user_id if mine else None

    async def permissions(self, **about: Any) -> tuple[str, ...]:
        """Return every permission that they have, for what ``about`` says."""
        asked = self.asked(about)
        return tuple([each for each in all_permissions() if await self._allowed(each, asked)])

    def asked(self, about: dict[str, Any], *, undecided: bool = False) -> Asked:
        """Return what a permission is asked about; see `Asked`."""
        return Asked(about, self._policy.find, undecided=undecided)

    async def _allowed(self, permission: str, asked: Asked) -> bool:
        if not exists(permission):
            return False
        if permission in self._policy.open:
            return True
        return self.user is not None and await self._policy.coordinator.allows(
            self.user, permission, asked
        )
