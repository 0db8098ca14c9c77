"""The settings of an engine."""

from __future__ import annotations

from msgspec import Struct

from tasker.actors.workflow.plan import Backoff
from tasker.analysis.config import DEFAULTS, AnalysisConfig
from tasker.concurrency import Bounds, bounds_of
from tasker.health.config import HealthConfig
from tasker.telemetry.config import TelemetryConfig

MEBIBYTE = 1024 * 1024
_MAY_BE_0 = ("shutdown", "subscriber_drain", "passivate")


class EngineConfig(Struct, frozen=True, kw_only=True):
    """Everything that can be set. Sizes in bytes, times in seconds.

    Attributes:
        max_resident_tasks: Tasks in memory at once; the rest wait in the store.
        max_concurrent_steps: Attempts that run at once in this process, without pressure.
        min_concurrent_steps: Attempts that run at once under the greatest pressure.
        max_concurrent_steps_limit: Attempts that run at once when steps wait for room and
            there is no pressure; None for ``max_concurrent_steps``.
        concurrency_cache_duration: How long a decision on that limit stands.
        max_worker_threads: Plain ``def`` handlers that run at once.
        max_worker_processes: Handlers with ``executor: process`` that run at once.
        backoff: The waits between attempts.
        max_context_bytes: Greatest size of a task's context, as JSON.
        max_result_bytes: Greatest size of a step's result, as JSON.
        journal_capacity: Appends that may wait; beyond that, submit waits.
        journal_batch: Appends in one commit, at most.
        passivate_after_seconds: A task that waits longer than this leaves memory.
        shutdown_seconds: How long running steps may take to finish at shutdown.
        subscriber_drain_seconds: How long subscribers may take after that to handle the
            events that wait for them; the rest is dropped. Durable ones go on at the
            next start.
        outbox_retention_seconds: How long the store keeps events for durable subscriptions
            that nobody delivers.
        poll_seconds: How often other processes' submissions are looked for.
        lease_seconds: For how long a node has its tasks after it was last heard of, where
            several work one store: so long a dead node's tasks wait for another. At least 1.
        identity: How equal requests are told: ``none`` (each is its own task),
            ``hash`` (of what is asked for), or ``package.module:Class``.
        identity_window_seconds: How long a ``hash`` identity stays taken.
        telemetry: What is told of its work, and what is hidden from it.
        health: When it is ready, and how long its status is kept.
        analysis: The weights by which bottlenecks are told.
    """

    max_resident_tasks: int = 1_000
    max_concurrent_steps: int = 2_000
    min_concurrent_steps: int = 3
    max_concurrent_steps_limit: int | None = None
    concurrency_cache_duration: float = 1.0
    max_worker_threads: int = 40
    max_worker_processes: int = 2
    backoff: Backoff = Backoff()
    max_context_bytes: int = MEBIBYTE
    max_result_bytes: int = MEBIBYTE
    journal_capacity: int = 4_096
    journal_batch: int = 512
    passivate_after_seconds: float = 1.0
    shutdown_seconds: float = 10.0
    subscriber_drain_seconds: float = 5.0
    outbox_retention_seconds: float = 7 * 86_400.0
    poll_seconds: float = 0.5
    lease_seconds: float = 15.0
    identity: str = "none"
    identity_window_seconds: float = 60.0
    telemetry: TelemetryConfig = TelemetryConfig()
    health: HealthConfig = HealthConfig()
    analysis: AnalysisConfig = DEFAULTS

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            least = 0 if name.startswith(_MAY_BE_0) else 1e-9
            if isinstance(value, int | float) and value < least:
                raise ValueError(f"EngineConfig.{name} is {value}; it must be greater than 0")
        most = self.max_concurrent_steps_limit
        if most is not None and self.min_concurrent_steps > most:
            raise ValueError(
                f"min_concurrent_steps ({self.min_concurrent_steps}) cannot exceed "
                f"max_concurrent_steps_limit ({most})"
            )

    @property
    def concurrency(self) -> Bounds:
        """Where the limit of steps may move; the strictest of the settings holds."""
        return bounds_of(
            self.min_concurrent_steps, self.max_concurrent_steps, self.max_concurrent_steps_limit
        )
