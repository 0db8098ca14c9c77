"""What handlers share beyond one attempt, and is closed with the engine."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import AsyncExitStack
from typing import Any, Protocol, TypeVar

import anyio
from anyio.abc import AsyncResource

from tasker.actors.protocols import Clock
from tasker.telemetry.correlation import CORRELATION_HEADER
from tasker.telemetry.tracing import Tracing


class Closable(Protocol):
    """Something that is closed when the engine closes."""

    async def aclose(self) -> None:
        """Close it."""


T = TypeVar("T", bound=Closable)


class Resources(AsyncResource):
    """Shared things under a key each, made on first use and closed together.

    ``clock`` is the engine's, for handlers that need the time; ``correlation_header``
    the name of the header by which the correlation id is passed on, empty for none;
    ``traces`` makes spans of what they do, None for none.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        correlation_header: str = CORRELATION_HEADER,
        traces: Tracing | None = None,
    ) -> None:
        self.clock = clock
        self.correlation_header = correlation_header
        self.traces = traces
        self._held: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is held under a key, made now if it is the first time."""
        if key not in self._held:
            self._held[key] = make()
        held: T = self._held[key]
        return held

    async def aclose(self) -> None:
        """Close everything, the newest first, whatever one of them raises."""
        with anyio.CancelScope(shield=True):
            async with AsyncExitStack() as stack:
                for held in self._held.values():
                    stack.push_async_callback(held.aclose)
                self._held = {}
