"""How an engine and its store stand, in figures."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from time import monotonic

import anyio
from msgspec import Struct
from msgspec.structs import replace

import tasker
from tasker.actors.protocols import Clock
from tasker.concurrency import Level
from tasker.health.config import HealthConfig
from tasker.stores.protocols import TaskReader
from tasker.stores.records import StepState, TaskFilter, TaskState
from tasker.telemetry.metrics.figures import Figures


class Retries(Struct, frozen=True, kw_only=True):
    """Failed steps of tasks that are not done.

    ``retryable`` wait for another attempt, ``in_backoff`` of them not yet due;
    ``exhausted`` have none left.
    """

    retryable: int
    in_backoff: int
    exhausted: int


class Waiting(Struct, frozen=True, kw_only=True):
    """Tasks in the store that nobody works on.

    ``ready`` want to be taken up, and the oldest of them was submitted
    ``oldest_seconds`` ago, None when there is none; ``sleeping`` wait for an instant.
    """

    ready: int
    oldest_seconds: float | None
    sleeping: int


class EngineStatus(Struct, frozen=True, kw_only=True):
    """How an engine and its store stood at ``at``, in Unix seconds.

    Attributes:
        healthy: Whether work can be done: ``trouble`` is None.
        trouble: Why it cannot.
        tasks: Tasks in the store by state, every state included.
        steps: Steps with a record of the tasks that are not done (pending, in progress,
            paused or in error) by state; a step that never began may have none.
        retries: Their failed steps.
        waiting: Tasks that nobody works on.
        pressure: ``low``, ``moderate``, ``high`` or ``critical``, of the three ``loads``.
        loads: By part, 1 at the most that it should have.
        figures: How the engine's parts stood.
        versions: Of Tasker and of Python.
        cached: Whether it was made for an earlier question.
        seconds: What it took to make.
    """

    healthy: bool
    trouble: str | None
    tasks: Mapping[TaskState, int]
    steps: Mapping[StepState, int]
    retries: Retries
    waiting: Waiting
    pressure: Level
    loads: Mapping[str, float]
    figures: Figures
    versions: Mapping[str, str]
    at: float
    seconds: float
    cached: bool = False

    @property
    def total_tasks(self) -> int:
        """Tasks in the store."""
        return sum(self.tasks.values())


class StatusReader:
    """Makes a status, and gives it again for a while: counting a large store takes its time."""

    def __init__(
        self,
        config: HealthConfig,
        *,
        reader: TaskReader,
        clock: Clock,
        figures: Callable[[], Figures],
        trouble: Callable[[], str | None],
    ) -> None:
        self._config = config
        self._reader = reader
        self._clock = clock
        self._figures = figures
        self._trouble = trouble
        self._made: tuple[float, EngineStatus] | None = None
        self._making = anyio.Lock()

    async def read(self, *, fresh: bool = False) -> EngineStatus:
        """Return the status; raises `StoreError` when the store cannot be read."""
        async with self._making:
            # Within the lock: those who ask at the same time share one.
            if self._made is not None and not fresh:
                made_at, status = self._made
                if monotonic() - made_at < self._config.cache_duration_seconds:
                    return replace(status, cached=True)
            status = await self._make()
            self._made = (monotonic(), status)
            return status

    async def _make(self) -> EngineStatus:
        begun, now = monotonic(), self._clock.now()
        counts = await self._reader.count_tasks(TaskFilter())
        load = await self._reader.workload(now)
        figures, trouble = self._figures(), self._trouble()
        oldest = load.oldest_ready_at
        return EngineStatus(
            healthy=trouble is None,
            trouble=trouble,
            tasks={state: counts.get(state, 0) for state in TaskState},
            steps={state: load.steps.get(state, 0) for state in StepState},
            retries=Retries(
                retryable=load.retryable,
                in_backoff=load.in_backoff,
                exhausted=load.steps.get(StepState.ERROR, 0) - load.retryable,
            ),
            waiting=Waiting(
                ready=load.ready_tasks,
                oldest_seconds=None if oldest is None else max(0.0, now - oldest),
                sleeping=load.sleeping_tasks,
            ),
            pressure=figures.concurrency.pressure.level,
            loads=figures.concurrency.pressure.sources(),
            figures=figures,
            versions={"tasker": tasker.__version__, "python": platform.python_version()},
            at=now,
            seconds=monotonic() - begun,
        )
