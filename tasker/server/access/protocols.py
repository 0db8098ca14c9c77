"""What tells who asks, and what decides what they may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct


class User(Struct, frozen=True, kw_only=True):
    """Who asks. ``user_id`` is kept with what they do; ``claims`` is what else is known of them."""

    user_id: str
    roles: tuple[str, ...] = ()
    claims: Mapping[str, Any] = {}


ANONYMOUS = "anonymous"
"""The id of whoever asks where nobody has to say who they are."""


class Credentials(Struct, frozen=True, kw_only=True):
    """What a request says of who asks: names of headers are in lower case."""

    headers: Mapping[str, str]
    method: str = "GET"
    path: str = "/"
    client: str | None = None

    def bearer(self) -> str | None:
        """Return the token of ``Authorization: Bearer``, None when there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None


@runtime_checkable
class Authenticator(Protocol):
    """Tells who asks.

    One object serves all requests at the same time, so it keeps nothing of any of them:
    who was found is kept with the request alone.
    """

    async def authenticate(self, credentials: Credentials) -> User:
        """Return who asks.

        Raises:
            AuthenticationError: Nobody is known by these credentials.
        """

    def current_user(self, state: Mapping[str, Any]) -> User | None:
        """Return who was found for a request, from what is kept with that request."""

    def validate_configuration(self) -> Sequence[str]:
        """Return what is wrong with its settings; the server does not start with any."""


@runtime_checkable
class Coordinator(Protocol):
    """Decides what users may do. What it does not allow is denied."""

    async def allows(self, user: User, permission: str, context: Mapping[str, Any]) -> bool:
        """Return whether a user has a permission, ``resource:action``.

        ``context`` has what is asked about: the parameters of the path, as ``task_id``, and
        the ``namespace`` and ``initiator`` that a list is asked for. A list that is not
        allowed is given to those who may have it with them as ``initiator``, narrowed to
        their tasks. It is a `tasker.server.access.Asked`,
        which gets more of the task when that is needed.
        """

    def validate_configuration(self) -> Sequence[str]:
        """Return what is wrong with its settings; the server does not start with any."""


class Subject(Protocol):
    """What of a task decides who may do something with it."""

    @property
    def namespace(self) -> str:
        """Its namespace."""

    @property
    def initiator(self) -> str:
        """Who asked for it."""


class Asked(dict[str, Any]):
    """What a permission is asked about.

    Args:
        about: The parameters of the path by name, and what else is known.
        find: Gets the task of an id, None where there is none.
        undecided: The body will say more, and then it is asked again: so this is whether
            it can be allowed at all.
    """

    def __init__(
        self,
        about: Mapping[str, Any],
        find: Callable[[str], Awaitable[Subject | None]],
        *,
        undecided: bool = False,
    ) -> None:
        super().__init__(about)
        self.undecided = undecided
        self._find = find

    async def subject(self) -> Subject | None:
        """Return the task that is asked about, None where it is about none."""
        task_id = self.get("task_id")
        return None if task_id is None else await self._find(str(task_id))


USER_KEY = "tasker.user"
"""Where the user of a request is kept, in the state of that request."""


class RequestScoped:
    """The part of authenticators that looks up who was found for a request."""

    def current_user(self, state: Mapping[str, Any]) -> User | None:
        """See `Authenticator.current_user`."""
        found = state.get(USER_KEY)
        return found if isinstance(found, User) else None
