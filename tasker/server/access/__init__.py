"""Who asks, and what they may do."""

from tasker.server.access.protocols import (
    ANONYMOUS,
    Authenticator,
    Coordinator,
    Credentials,
    User,
)

__all__ = ["ANONYMOUS", "Authenticator", "Coordinator", "Credentials", "User"]
