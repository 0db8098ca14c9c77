"""Tells of exporters that come and go, and of what they write."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from tasker.events.announcer import Announcer
from tasker.events.export import (
    TaskerTelemetryExportCompleted,
    TaskerTelemetryExportFailed,
    TaskerTelemetryExportRequested,
)
from tasker.events.registry import PluginRegistered, PluginUnregistered, PluginValidationFailed
from tasker.telemetry.exporters.exporter import Export, ExporterInfo
from tasker.telemetry.masking import Masker


class Exports:
    """Hears a registry of exporters. Its methods may be called from any thread.

    Args:
        announcer: Brings the events to those who listen.
        masker: Hides secrets in options and errors.
    """

    def __init__(self, announcer: Announcer, masker: Masker) -> None:
        self._tell = announcer.tell
        self._masker = masker
        self._numbers = count(1)

    def registered(self, info: ExporterInfo) -> None:
        """An exporter can be asked from now on."""
        self._tell(
            PluginRegistered,
            plugin_name=info.name,
            plugin_class=info.class_name,
            formats=info.formats,
        )

    def unregistered(self, info: ExporterInfo) -> None:
        """It can be asked no more."""
        self._tell(PluginUnregistered, plugin_name=info.name, plugin_class=info.class_name)

    def refused(self, name: str, error: Exception) -> None:
        """An exporter was not registered."""
        self._tell(PluginValidationFailed, plugin_name=name, error=self._masker.text(str(error)))

    def requested(self, format: str, options: Mapping[str, Any]) -> str:
        """An export begins; returns what names it to `completed` or `failed`."""
        export_id = f"export-{next(self._numbers)}"
        self._tell(
            TaskerTelemetryExportRequested,
            export_id=export_id,
            format=format,
            options=self._masker.data({**options}),
        )
        return export_id

    def completed(self, export_id: str, export: Export) -> None:
        """It wrote a document."""
        self._tell(
            TaskerTelemetryExportCompleted,
            export_id=export_id,
            format=export.format,
            exporter=export.exporter,
            metrics_count=export.metrics_count,
            duration_seconds=export.seconds,
        )

    def failed(self, export_id: str, format: str, error: str) -> None:
        """It wrote none."""
        self._tell(
            TaskerTelemetryExportFailed,
            export_id=export_id,
            format=format,
            error=self._masker.text(error),
        )
