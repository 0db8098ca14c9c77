"""The authenticator and the coordinator that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasker.errors import MissingExtraError, TaskerError
from tasker.handlers.reference import resolve
from tasker.server.access.none import NoAuthenticator
from tasker.server.access.protocols import Authenticator, Coordinator
from tasker.server.access.roles import RoleCoordinator
from tasker.server.access.tokens import TokenAuthenticator
from tasker.server.config import AuthConfig
from tasker.server.errors import ServerConfigError
from tasker.server.permissions import exists


def make_authenticator(config: AuthConfig, problems: list[str]) -> Authenticator | None:
    """Return the authenticator; None with what is wrong added to ``problems``."""
    for permission in config.open:
        if not exists(permission):
            problems.append(f"auth.open: there is no permission {permission!r}")
    if config.authenticator == "none":
        return NoAuthenticator(config.anonymous_roles)
    if config.authenticator in ("jwt", "oidc"):
        return _make_jwt(config, problems)
    if config.authenticator == "tokens":
        if config.tokens_file is None:
            problems.append("auth.tokens_file is missing; the authenticator 'tokens' needs it")
            return None
        return TokenAuthenticator(config.tokens_file)
    found: Authenticator | None = _load(
        "auth.authenticator", config.authenticator, Authenticator, config.options, problems
    )
    return found


def _make_jwt(config: AuthConfig, problems: list[str]) -> Authenticator | None:
    try:
        # Not before it is asked for: it needs an extra of its own.
        from tasker.server.access.jwt import JwtAuthenticator

        return JwtAuthenticator(config.jwt, "oidc" if config.authenticator == "oidc" else "jwt")
    except ServerConfigError as error:
        problems += error.problems
    except MissingExtraError as error:
        problems.append(f"auth.authenticator: {error}")
    return None


def make_coordinator(config: AuthConfig, problems: list[str]) -> Coordinator | None:
    """Return the coordinator; None with what is wrong added to ``problems``."""
    if config.coordinator == "roles":
        return RoleCoordinator(config.roles)
    found: Coordinator | None = _load(
        "auth.coordinator", config.coordinator, Coordinator, config.options, problems
    )
    return found


def _load(
    setting: str,
    reference: str,
    protocol: Any,
    options: Mapping[str, Any],
    problems: list[str],
) -> Any:
    try:
        kind: Callable[..., Any] = resolve(reference).target
        made = kind(**options)
    except (TaskerError, TypeError, ValueError) as error:
        problems.append(f"{setting}: {reference}: {error}")
        return None
    if not isinstance(made, protocol):
        wanted = sorted(name for name in vars(protocol) if not name.startswith("_"))
        missing = [name for name in wanted if not hasattr(made, name)]
        problems.append(f"{setting}: {reference} lacks {', '.join(missing)}")
        return None
    return made
