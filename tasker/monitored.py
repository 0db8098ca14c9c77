"""What an engine tells of itself: metrics, and whether it is well."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

import tasker
from tasker.actors.journal import JournalStatistics
from tasker.actors.permits import PermitStatistics
from tasker.actors.protocols import Clock
from tasker.actors.residency import ResidencyStatistics
from tasker.actors.supervisor import ActorDescription
from tasker.events.delivery import SubscriberStatistics
from tasker.events.subscribers import Subscribers
from tasker.health.readiness import Readiness, ReadinessChecker
from tasker.health.status import EngineStatus, StatusReader
from tasker.runtime import Runtime
from tasker.telemetry.metrics.metrics import Metrics


class EngineHealth(Struct, frozen=True, kw_only=True):
    """Whether the engine can do its work, and the figures of its parts.

    ``trouble`` says why it is not healthy, None when it is.
    """

    healthy: bool
    trouble: str | None
    tasks: ResidencyStatistics
    journal: JournalStatistics
    permits: PermitStatistics
    subscribers: tuple[SubscriberStatistics, ...]


class RunningStep(Struct, frozen=True, kw_only=True):
    """An attempt that runs now."""

    task_id: str
    step: str
    attempt: int


class Liveness(Struct, frozen=True, kw_only=True):
    """Whether the engine is open: the process answers, or there would be no answer."""

    alive: bool
    version: str
    at: float


class Monitored(Protocol):
    """The questions that monitoring asks of an engine."""

    metrics: Metrics
    _clock: Clock
    _open: bool
    _readiness: ReadinessChecker
    _runtime: Runtime
    _status: StatusReader
    _subscribers: Subscribers

    def live(self) -> Liveness:
        """Return whether the engine is open. Touches nothing else."""
        return Liveness(alive=self._open, version=tasker.__version__, at=self._clock.now())

    def health(self) -> EngineHealth:
        """Return whether the engine can work, and its figures."""
        broken = self._runtime.journal.broken
        trouble = "the engine is not open" if not self._open else None
        return EngineHealth(
            healthy=self._open and broken is None,
            trouble=trouble if broken is None else str(broken),
            tasks=self._runtime.residency.statistics(),
            journal=self._runtime.journal.statistics(),
            permits=self._runtime.permits.statistics(),
            subscribers=self._subscribers.statistics(),
        )

    def running(self) -> list[RunningStep]:
        """Return the steps that run in this engine now, the oldest first."""
        return [
            RunningStep(
                task_id=order.state.task.task_id, step=order.step.name, attempt=order.attempt
            )
            for order in self._runtime.pool.running()
        ]

    def describe(self, limit: int = 100) -> ActorDescription:
        """Return the tree of actors, at most ``limit`` children of each supervisor."""
        return self._runtime.system.describe(limit)

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
