"""The settings of GraphQL."""

from __future__ import annotations

from msgspec import Struct

from tasker.errors import MissingExtraError
from tasker.server.graphql import is_installed


class GraphQLConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much one request may ask for. Times are in seconds.

    Attributes:
        enabled: Whether it is served; None for where the extra ``graphql`` is installed.
        introspection: Whether the schema can be asked for.
        max_tokens: Words and signs in the text of an operation.
        max_aliases: Fields under another name, or repeated, in the text of an operation.
        max_depth: Fields within fields.
        max_cost: What the operations of one request may cost together, see
            `tasker.server.graphql.limits`.
        max_batch: Operations in one request; 1 for no lists of operations.
        max_subscriptions: Operations under way on one WebSocket.
        init_seconds: How long a WebSocket may take to begin.
    """

    enabled: bool | None = None
    introspection: bool = True
    max_tokens: int = 1_000
    max_aliases: int = 30
    max_depth: int = 10
    max_cost: int = 20_000
    max_batch: int = 10
    max_subscriptions: int = 20
    init_seconds: float = 10.0

    @property
    def is_served(self) -> bool:
        """Whether GraphQL is served."""
        return is_installed() if self.enabled is None else self.enabled

    def problems(self) -> list[str]:
        """Return what is wrong, each with where it stands."""
        found = [
            f"graphql.{name} is {value}; it must be greater than 0"
            for name in self.__struct_fields__
            if not isinstance(value := getattr(self, name), bool | None) and not value > 0
        ]
        if self.enabled and not is_installed():
            missing = MissingExtraError(feature="GraphQL", extra="graphql")
            found.append(f"graphql.enabled: {missing}")
        return found
