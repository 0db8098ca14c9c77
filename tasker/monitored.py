"""What an engine tells of itself: metrics, and whether it is well."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

import tasker
from tasker.health.readiness import Readiness, ReadinessChecker
from tasker.health.status import EngineStatus, StatusReader
from tasker.telemetry.metrics.metrics import Metrics


class Liveness(Struct, frozen=True, kw_only=True):
    """Whether the engine is open: the process answers, or there would be no answer."""

    alive: bool
    version: str
    at: float


class Monitored(Protocol):
    """The questions that monitoring asks of an engine."""

    metrics: Metrics
    _readiness: ReadinessChecker
    _status: StatusReader

    def live(self) -> Liveness:
        """Return whether the engine is open. Touches nothing else."""
        return Liveness(alive=self._is_open(), version=tasker.__version__, at=self._now())

    async def ready(self) -> Readiness:
        """Return whether the engine can take work, by trying the parts that it needs.

        A value is written to the store and read back, the journal has to record what is
        queued, and the event loop has to be in time; each within
        ``health.readiness_timeout_seconds``. Raises nothing: what fails is told.

        Raises:
            EngineClosedError: The engine is not open.
        """
        self._check_open("ask whether it is ready")
        return await self._readiness.check()

    async def status(self, *, fresh: bool = False) -> EngineStatus:
        """Return how the engine and its store stand, in figures.

        It is kept for ``health.cache_duration_seconds``, unless ``fresh``.

        Raises:
            EngineClosedError: The engine is not open.
            StoreError: The store cannot be read.
        """
        self._check_open("ask for its status")
        return await self._status.read(fresh=fresh)

    def _check_open(self, operation: str) -> None:
        raise NotImplementedError

    def _is_open(self) -> bool:
        raise NotImplementedError

    def _now(self) -> float:
        raise NotImplementedError
