"""One makes what many want at once, and all get it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.over = anyio.Event()
        self.results: list[T] = []
        self.error: Exception | None = None


class Flights(Generic[T]):
    """Runs one call for each key at a time, and gives its outcome to whoever waits."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}

    async def run(self, key: str, make: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Return what ``make`` returned, or raised, and whether it was this caller's.

        Where the caller who makes it is cancelled, another one makes it.
        """
        while (flight := self._flights.get(key)) is not None:
            await flight.over.wait()
            if flight.error is not None:
                raise flight.error
            if flight.results:
                return flight.results[0], False
        flight = self._flights[key] = _Flight()
        try:
            flight.results.append(await make())
        except Exception as error:
            flight.error = error
            raise
        finally:
            del self._flights[key]
            flight.over.set()
        return flight.results[0], True
