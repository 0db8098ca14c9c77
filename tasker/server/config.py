"""The settings of the server."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from tasker.server.access.jwt_config import JwtConfig
from tasker.server.access.roles import DEFAULT_ROLES, Roles
from tasker.server.addresses import is_loopback
from tasker.server.graphql.config import GraphQLConfig

MEBIBYTE = 1024 * 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class AuthConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may do what.

    Attributes:
        authenticator: What tells who asks: ``none``, ``tokens``, ``jwt``, ``oidc``, or
            ``package.module:Class`` of your own, made with the mapping ``options``.
        tokens_file: Where API tokens are kept, for ``tokens``.
        jwt: Which signed tokens are taken, for ``jwt`` and ``oidc``.
        coordinator: What decides what they may do: ``roles``, or ``package.module:Class``.
        roles: What each role allows, for ``roles``: patterns of permissions, or grants with
            conditions.
        anonymous_roles: The roles of everybody, where the authenticator is ``none``.
        open: Permissions for which nobody has to say who they are.
        options: The settings of an authenticator or coordinator of your own.
    """

    authenticator: str = "none"
    tokens_file: str | None = None
    jwt: JwtConfig = JwtConfig()
    coordinator: str = "roles"
    roles: Roles = field(default_factory=lambda: DEFAULT_ROLES)
    anonymous_roles: tuple[str, ...] = ("admin",)
    open: tuple[str, ...] = ()
    options: Mapping[str, object] = {}


class SidecarConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of the API, wherever it is mounted. Sizes in bytes, times in seconds.

    Attributes:
        max_body_bytes: Greatest size of the body of a request.
        body_seconds: How long the body of a request may take to come.
        max_bulk_tasks: Tasks in one bulk request, at most.
        max_wait_seconds: Longest wait that ``Prefer: wait`` gets.
        max_pending_submissions: Submissions under way at once; beyond that, 429.
        overload_ratio: How full the journal's queue may be before submissions get 429.
        heartbeat_seconds: How often a stream of events shows that it lives.
        stream_check_seconds: How long whoever follows a stream is trusted before it is checked
            again that they may.
        stream_buffer: Events that may wait for a slow reader before it is cut off.
        stream_history: Events kept for readers that come back.
        stream_kept: Which of them the store keeps as well, as names and patterns, so that
            readers go on after a restart too.
        auth: Who may do what.
        graphql: How much one request to GraphQL may ask for.
    """

    max_body_bytes: int = 2 * MEBIBYTE
    body_seconds: float = 30.0
    max_bulk_tasks: int = 1_000
    max_wait_seconds: float = 60.0
    max_pending_submissions: int = 1_000
    overload_ratio: float = 0.8
    heartbeat_seconds: float = 15.0
    stream_check_seconds: float = 1.0
    stream_buffer: int = 1_000
    stream_history: int = 10_000
    stream_kept: tuple[str, ...] = ()
    auth: AuthConfig = AuthConfig()
    graphql: GraphQLConfig = GraphQLConfig()

    def problems(self) -> list[str]:
        """Return what is wrong with the numbers."""
        found = [
            f"{name} is {getattr(self, name)}; it must be greater than 0"
            for name in SidecarConfig.__struct_fields__
            if isinstance(getattr(self, name), int | float) and not getattr(self, name) > 0
        ]
        found += self.graphql.problems()
        if self.overload_ratio > 1:
            found.append(f"overload_ratio is {self.overload_ratio}; it is 1 at most")
        return found


class ServeConfig(SidecarConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a server of its own.

    Attributes:
        host: The address to listen on.
        port: The port; 0 for any that is free.
        prefix: Where in the server the API is.
        store: The URL of the store.
        definitions: YAML files, or directories of them.
        app: Definitions made in Python, as ``module:object``.
        environment: Which ``environments`` of YAML files hold.
        concurrency: Steps that run at once, at most; None for the engine's own.
        allowed_hosts: The names in ``Host`` that are answered, without ports; none for any.
            On loopback without authentication they are those of loopback unless given.
        head_seconds: How long a client may take to send the head of a request.
        drain_seconds: How long requests, and then steps, may take to finish at the end.
        allow_unauthenticated: Listen on other addresses than loopback without
            authentication: whoever reaches the port may do everything.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    prefix: str = "/tasker"
    store: str = "sqlite:///tasker.db"
    definitions: tuple[str, ...] = ()
    app: str | None = None
    environment: str | None = None
    concurrency: int | None = None
    allowed_hosts: tuple[str, ...] = ()
    head_seconds: float = 10.0
    drain_seconds: float = 10.0
    allow_unauthenticated: bool = False

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names in ``Host`` that are answered; empty for any."""
        guarded = self.auth.authenticator != "none" or not is_loopback(self.host)
        return self.allowed_hosts or (() if guarded else (*LOOPBACK, self.host))

    def problems(self) -> list[str]:
        """Return everything that is wrong, each with what to do."""
        found = super().problems()
        if not 0 <= self.port <= 65_535:
            found.append(f"port is {self.port}; it must be 0 to 65535")
        if not self.head_seconds > 0:
            found.append(f"head_seconds is {self.head_seconds}; it must be greater than 0")
        if self.drain_seconds < 0:
            found.append(f"drain_seconds is {self.drain_seconds}; it cannot be less than 0")
        if self.concurrency is not None and self.concurrency < 1:
            found.append(f"concurrency is {self.concurrency}; it must be at least 1")
        if self.prefix != "/" and (not self.prefix.startswith("/") or self.prefix.endswith("/")):
            found.append(f"prefix is {self.prefix!r}; write it as in '/tasker', or '/' for none")
        exposed = not is_loopback(self.host) and self.auth.authenticator == "none"
        if exposed and not self.allow_unauthenticated:
            found.append(
                f"host is {self.host}, which others can reach, and nobody has to say who they "
                "are; set auth.authenticator, listen on 127.0.0.1, or give "
                "--allow-unauthenticated"
            )
        return found
