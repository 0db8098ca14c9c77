"""The sidecar: the engine's HTTP API, to serve alone or to mount in an application.

Needs the extra ``server``.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasker.server.access import (
        ANONYMOUS,
        Asked,
        Authenticator,
        Coordinator,
        Credentials,
        User,
    )
    from tasker.server.access.jwt_config import JwtConfig
    from tasker.server.access.roles import Grant
    from tasker.server.app import TaskerApp
    from tasker.server.config import AuthConfig, ServeConfig, SidecarConfig
    from tasker.server.errors import (
        AuthenticationError,
        AuthorizationError,
        ServerConfigError,
        ServerError,
    )

__all__ = [
    "ANONYMOUS",
    "Asked",
    "AuthConfig",
    "AuthenticationError",
    "Authenticator",
    "AuthorizationError",
    "Coordinator",
    "Credentials",
    "Grant",
    "JwtConfig",
    "ServeConfig",
    "ServerConfigError",
    "ServerError",
    "SidecarConfig",
    "TaskerApp",
    "User",
]

_HOMES = {
    "tasker.server.access": (
        *("ANONYMOUS", "Asked", "Authenticator", "Coordinator", "Credentials", "User"),
    ),
    "tasker.server.access.jwt_config": ("JwtConfig",),
    "tasker.server.access.roles": ("Grant",),
    "tasker.server.app": ("TaskerApp",),
    "tasker.server.config": ("AuthConfig", "ServeConfig", "SidecarConfig"),
    "tasker.server.errors": (
        *("AuthenticationError", "AuthorizationError", "ServerConfigError", "ServerError"),
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_NEEDED = ("litestar", "uvicorn")


def require_server() -> None:
    """Raise `MissingExtraError` unless what the extra ``server`` brings is there."""
    if any(find_spec(name) is None for name in _NEEDED):
        from tasker.errors import MissingExtraError

        raise MissingExtraError(feature="the server", extra="server")


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if home == "tasker.server.app":
        require_server()
    found = globals()[name] = getattr(import_module(home), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
