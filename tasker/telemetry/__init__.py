"""What is told of tasks while they run, what joins it, and the filter that hides secrets."""

from typing import TYPE_CHECKING

from tasker.lazy import lazy_names

if TYPE_CHECKING:
    from tasker.telemetry.config import TelemetryConfig
    from tasker.telemetry.correlation import (
        Correlation,
        correlated,
        correlation_from_headers,
        current_correlation,
    )
    from tasker.telemetry.exporters.data import MetricsData, Series
    from tasker.telemetry.exporters.exporter import Export, Exporter, ExporterError
    from tasker.telemetry.log_fields import (
        MaskingFormatter,
        MaskSecrets,
        TaskFields,
        add_task_fields,
    )
    from tasker.telemetry.logs import ConfiguredLogging, configure_logging
    from tasker.telemetry.masking import Masker, MaskingRules
    from tasker.telemetry.metrics.metrics import Exposition, Metrics

__all__ = [
    "ConfiguredLogging",
    "Correlation",
    "Export",
    "Exporter",
    "ExporterError",
    "Exposition",
    "MaskSecrets",
    "Masker",
    "MaskingFormatter",
    "MaskingRules",
    "Metrics",
    "MetricsData",
    "Series",
    "TaskFields",
    "TelemetryConfig",
    "add_task_fields",
    "configure_logging",
    "correlated",
    "correlation_from_headers",
    "current_correlation",
]

# As in `tasker` itself: the engine needs the scope of an attempt, and not structlog.
_HOMES = {
    "tasker.telemetry.config": ("TelemetryConfig",),
    "tasker.telemetry.correlation": (
        "Correlation",
        "correlated",
        "correlation_from_headers",
        "current_correlation",
    ),
    "tasker.telemetry.exporters.data": ("MetricsData", "Series"),
    "tasker.telemetry.exporters.exporter": ("Export", "Exporter", "ExporterError"),
    "tasker.telemetry.log_fields": (
        "MaskSecrets",
        "MaskingFormatter",
        "TaskFields",
        "add_task_fields",
    ),
    "tasker.telemetry.logs": ("ConfiguredLogging", "configure_logging"),
    "tasker.telemetry.masking": ("Masker", "MaskingRules"),
    "tasker.telemetry.metrics.metrics": ("Exposition", "Metrics"),
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
