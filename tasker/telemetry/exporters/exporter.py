"""The contract of exporters."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from tasker.stores.errors import TaskerError
from tasker.telemetry.exporters.data import MetricsData
from tasker.telemetry.masking import Masker

_MASKER = Masker()


class ExporterError(TaskerError):
    """An exporter cannot be registered or found, or was asked for what it cannot do."""


class ExporterInfo(Struct, frozen=True, kw_only=True):
    """What an exporter says of itself."""

    name: str
    version: str
    description: str
    formats: tuple[str, ...]
    class_name: str


class Export(Struct, frozen=True, kw_only=True):
    """What came of an export.

    ``text`` is the document, None when ``error`` says why there is none, without secrets;
    ``metrics_count`` the number of series given to the exporter.
    """

    success: bool
    format: str
    exporter: str
    text: str | None
    error: str | None
    metrics_count: int
    seconds: float


class ExportObserver(Protocol):
    """Hears of what a registry of exporters does. Must return at once, and not raise."""

    def registered(self, info: ExporterInfo) -> None:
        """An exporter was registered, maybe in the place of another."""

    def unregistered(self, info: ExporterInfo) -> None:
        """An exporter was unregistered."""

    def refused(self, name: str, error: Exception) -> None:
        """An exporter was not registered."""

    def requested(self, format: str, options: Mapping[str, Any]) -> str:
        """An export begins; returns what names it to `completed` or `failed`."""

    def completed(self, export_id: str, export: Export) -> None:
        """It wrote a document."""

    def failed(self, export_id: str, format: str, error: str) -> None:
        """It wrote none."""


class Exporter(ABC):
    """Base of what writes metrics in some format. Subclass it, or be alike.

    An exporter has `export` and `supports_format`, and the names of its ``formats``;
    `check_exporter` tells what is missing. It may also have ``on_export_complete(export)``.
    """

    formats: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[str] = "unknown"

    @abstractmethod
    def export(self, data: MetricsData, /) -> str:
        """Return the metrics as text. A subclass may add options, as keywords."""

    def supports_format(self, format: str) -> bool:
        """Return whether it writes this format; capitals do not matter."""
        return format.lower() in self.formats


def describe(name: str, exporter: Exporter) -> ExporterInfo:
    """Return what an exporter says of itself."""
    about = inspect.getdoc(type(exporter)) or ""
    return ExporterInfo(
        name=name,
        version=getattr(exporter, "version", "unknown"),
        description=about.partition("\n")[0],
        formats=tuple(getattr(exporter, "formats", ())),
        class_name=f"{type(exporter).__module__}:{type(exporter).__qualname__}",
    )


def check_exporter(exporter: object) -> None:
    """Raise `ExporterError` unless something can be used as an exporter."""
    kind = type(exporter).__name__
    if isinstance(exporter, type):
        raise ExporterError(
            f"{exporter.__name__} is a class; give an object: {exporter.__name__}()"
        )
    for method, signature in (("export", (None,)), ("supports_format", ("json",))):
        function = getattr(exporter, method, None)
        if not callable(function):
            raise ExporterError(f"{kind} is no exporter: it has no {method}()")
        try:
            inspect.signature(function).bind(*signature)
        except TypeError:
            wanted = "export(data, **options)" if method == "export" else "supports_format(format)"
            raise ExporterError(
                f"{kind}.{method}() does not take what it is given; it must be {wanted}"
            ) from None


def safe_export(
    name: str, exporter: Exporter, format: str, data: MetricsData, **options: Any
) -> Export:
    """Export, and tell a failure rather than raise it."""
    begun = perf_counter()
    text: str | None = None
    error: str | None = None
    try:
        export: Callable[..., str] = exporter.export
        text = export(data, **options)
    except Exception as failure:
        error = _MASKER.text(f"{type(failure).__name__}: {failure}")
    return Export(
        success=error is None,
        format=format,
        exporter=name,
        text=text,
        error=error,
        metrics_count=len(data.metrics),
        seconds=perf_counter() - begun,
    )
