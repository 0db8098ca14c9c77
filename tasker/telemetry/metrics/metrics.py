"""The metrics of one engine, as an application meets them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tasker.actors.protocols import Clock
from tasker.telemetry.metrics.commits import MeasuredCommits
from tasker.telemetry.metrics.counting import TaskCounts
from tasker.telemetry.metrics.figures import Figures

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from tasker.telemetry.exporters.data import MetricsData
    from tasker.telemetry.exporters.exporter import Export, ExportObserver
    from tasker.telemetry.exporters.registry import ExporterRegistry
    from tasker.telemetry.metrics.collector import EngineCollector


class Exposition(Struct, frozen=True, kw_only=True):
    """What to answer a scrape with: the body, and the value of the header Content-Type."""

    body: bytes
    content_type: str


class Metrics:
    """What an engine counts, and how its parts stand.

    Counters begin at 0 with the engine, as Prometheus expects of a process. Nothing is
    made ready between scrapes. All of it may be called from any thread, while the engine
    is open and after. With ``metrics_enabled`` off, everything is empty.

    Args:
        counts: What becomes of tasks and steps; None to tell nothing.
        commits: What commits take.
        figures: Reads how the parts stand.
        clock: The time, for what is exported.
        exports: Hears of what is exported.
    """

    def __init__(
        self,
        counts: TaskCounts | None,
        commits: MeasuredCommits,
        figures: Callable[[], Figures],
        clock: Clock,
        exports: ExportObserver | None = None,
    ) -> None:
        self._exports = exports
        self._counts = counts
        self._commits = commits
        self._figures = figures
        self._clock = clock

    @property
    def enabled(self) -> bool:
        """Whether anything is told."""
        return self._counts is not None

    @cached_property
    def registry(self) -> CollectorRegistry:
        """A registry of this engine's alone, as `prometheus_client` takes it for a server."""
        from prometheus_client import CollectorRegistry

        registry = CollectorRegistry()
        if self.enabled:
            registry.register(self.collector)
        return registry

    @cached_property
    def collector(self) -> EngineCollector:
        """What to register in a registry of the application's.

        Raises:
            RuntimeError: ``metrics_enabled`` is off.
        """
        # Late: an embedded engine that nobody scrapes need not wait for the import.
        from tasker.telemetry.metrics.collector import EngineCollector

        if self._counts is None:
            raise RuntimeError("there are no metrics: set TelemetryConfig(metrics_enabled=True)")
        return EngineCollector(self._counts, self._commits, self._figures)

    def render(self, accept: str | None = None) -> Exposition:
        """Return the metrics as text, in the format that fits a scrape's ``Accept`` header.

        Without one, it is the plain text format of Prometheus.
        """
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept or "")
        return Exposition(body=encode(self.registry), content_type=content_type)

    @cached_property
    def exporters(self) -> ExporterRegistry:
        """What `export` writes with."""
        from tasker.telemetry.exporters.registry import ExporterRegistry

        return ExporterRegistry(self._exports)

    def export(self, format: str, **options: Any) -> Export:
        """Write the metrics of this moment in a format, ``json`` or ``csv`` or another's.

        A failure of the exporter is told in what is returned. Raises `ExporterError` when
        no exporter knows the format.
        """
        return self.exporters.export(format, self.snapshot(), **options)

    def snapshot(self) -> MetricsData:
        """Return every sample of this moment, as exporters take them."""
        from tasker.telemetry.exporters.data import data_of

        return data_of(self.registry.collect(), self._clock.now())
