"""What the resolvers of one operation work with."""

from __future__ import annotations

from typing import Any, TypeAlias

from strawberry import Info

from tasker.engine import Engine
from tasker.operator import Operator
from tasker.server.access.caller import Caller
from tasker.server.graphql.loaders import Loaders
from tasker.server.sidecar import Sidecar


class Context:
    """Who asks, and the engine. ``refused`` is what mutations could not do, with their paths."""

    def __init__(self, sidecar: Sidecar, caller: Caller) -> None:
        self.sidecar = sidecar
        self.caller = caller
        self.loaders = Loaders(sidecar.engine)
        self.refused: list[tuple[list[str | int], Exception]] = []

    @property
    def engine(self) -> Engine:
        """The engine that is served."""
        return self.sidecar.engine

    @property
    def by(self) -> str | None:
        """The id of whoever asks."""
        return None if self.caller.user is None else self.caller.user.user_id

    def operator(self, expected_seq: int | None) -> Operator:
        """Return the operations, done only while this is the task's newest change."""
        return self.engine.expecting(expected_seq)


ContextInfo: TypeAlias = Info[Context, Any]
"""What resolvers get."""
