"""No authentication: whoever reaches the server has the same roles."""

from __future__ import annotations

from collections.abc import Sequence

from tasker.server.access.protocols import ANONYMOUS, Credentials, RequestScoped, User


class NoAuthenticator(RequestScoped):
    """Takes everybody for the same user."""

    def __init__(self, roles: Sequence[str] = ("admin",)) -> None:
        self._user = User(user_id=ANONYMOUS, roles=tuple(roles))

    async def authenticate(self, credentials: Credentials) -> User:
        """See `Authenticator.authenticate`."""
        return self._user

    def validate_configuration(self) -> Sequence[str]:
        """See `Authenticator.validate_configuration`."""
        return ()
