"""Who asks, and what they may do."""

from tasker.server.access.protocols import (
    ANONYMOUS,
    Asked,
    Authenticator,
    Coordinator,
    Credentials,
    Subject,
    User,
)

__all__ = [
    "ANONYMOUS",
    "Asked",
    "Authenticator",
    "Coordinator",
    "Credentials",
    "Subject",
    "User",
]
