"""Which exporters there are, by name and by format."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from tasker.telemetry.engine_log import logger
from tasker.telemetry.exporters.csv_exporter import CsvExporter
from tasker.telemetry.exporters.data import MetricsData
from tasker.telemetry.exporters.exporter import (
    Export,
    Exporter,
    ExporterError,
    ExporterInfo,
    ExportObserver,
    check_exporter,
    describe,
    safe_export,
)
from tasker.telemetry.exporters.json_exporter import JsonExporter

ENTRY_POINT_GROUP = "tasker.exporters"


class ExporterRegistry:
    """The exporters of one engine: ``json`` and ``csv`` come along, others are registered.

    Args:
        observer: Hears of what is registered and exported.
    """

    def __init__(self, observer: ExportObserver | None = None) -> None:
        self._exporters: dict[str, Exporter] = {"json": JsonExporter(), "csv": CsvExporter()}
        self._observer = observer

    def register(self, name: str, exporter: Exporter, *, replace: bool = False) -> None:
        """Add an exporter.

        Raises:
            ExporterError: The name is taken, and not ``replace``; or it is no exporter.
        """
        try:
            check_exporter(exporter)
            if name in self._exporters and not replace:
                raise ExporterError(
                    f"an exporter {name!r} is registered already; give replace=True to take its "
                    "place"
                )
        except ExporterError as error:
            if self._observer is not None:
                self._observer.refused(name, error)
            raise
        self._exporters[name] = exporter
        if self._observer is not None:
            self._observer.registered(describe(name, exporter))

    def unregister(self, name: str) -> bool:
        """Remove an exporter; return whether there was one."""
        exporter = self._exporters.pop(name, None)
        if exporter is not None and self._observer is not None:
            self._observer.unregistered(describe(name, exporter))
        return exporter is not None

    def discover(self) -> int:
        """Register what installed packages offer; return how many there were.

        They are entry points of the group ``tasker.exporters``: a class, or a function,
        that gives an exporter when it is called without arguments. One that fails is
        logged and left out; so is one whose name is taken.
        """
        found = 0
        for point in entry_points(group=ENTRY_POINT_GROUP):
            try:
                make: Callable[[], Exporter] = point.load()
                self.register(point.name, make())
            except Exception as error:
                logger.warning("the exporter %s is left out: %s", point.name, error)
            else:
                found += 1
        return found

    def get(self, name: str) -> Exporter:
        """Return an exporter by its name; raises `ExporterError` when there is none."""
        try:
            return self._exporters[name]
        except KeyError:
            known = ", ".join(sorted(self._exporters)) or "none"
            raise ExporterError(f"there is no exporter {name!r}; registered are: {known}") from None

    def for_format(self, format: str) -> tuple[str, Exporter]:
        """Return the exporter that was last registered for a format, with its name.

        Raises:
            ExporterError: None supports it.
        """
        for name, exporter in reversed(self._exporters.items()):
            if exporter.supports_format(format):
                return name, exporter
        raise ExporterError(
            f"no exporter writes {format!r}; there are: {', '.join(self.formats()) or 'none'}"
        )

    def formats(self) -> list[str]:
        """Return the names of all formats, sorted."""
        return sorted({each for info in self.list() for each in info.formats})

    def list(self) -> list[ExporterInfo]:
        """Return what the exporters say of themselves, by name."""
        return [describe(name, each) for name, each in sorted(self._exporters.items())]

    def export(self, format: str, data: MetricsData, **options: Any) -> Export:
        """Export in a format. A failure of the exporter is told in what is returned.

        Raises:
            ExporterError: No exporter supports the format.
        """
        observer = self._observer
        export_id = "" if observer is None else observer.requested(format, options)
        try:
            name, exporter = self.for_format(format)
        except ExporterError as error:
            if observer is not None:
                observer.failed(export_id, format, str(error))
            raise
        export = safe_export(name, exporter, format, data, **options)
        if observer is not None:
            if export.error is None:
                observer.completed(export_id, export)
            else:
                observer.failed(export_id, format, export.error)
        heard = getattr(exporter, "on_export_complete", None)
        if heard is not None:
            try:
                heard(export)
            except Exception as error:
                logger.warning("%s.on_export_complete failed: %s", name, error)
        return export
