"""Metrics as one JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tasker.telemetry.exporters.data import MetricsData
from tasker.telemetry.exporters.exporter import Exporter


class JsonExporter(Exporter):
    """Writes ``{"timestamp", "metrics": [...], "total_metrics", "metadata"}``.

    A series has ``name``, ``type``, ``labels``, ``help``, and ``value``, or ``count``,
    ``sum`` and ``buckets`` for a histogram.

    Args:
        field_mapping: Other names for the four fields of the document.
        include_metadata: Whether it says what wrote it.
    """

    formats = ("json",)
    version = "1.0.0"

    def __init__(
        self, *, field_mapping: Mapping[str, str] | None = None, include_metadata: bool = True
    ) -> None:
        self._mapping = dict(field_mapping or {})
        self._include_metadata = include_metadata

    def export(
        self,
        data: MetricsData,
        *,
        pretty: bool = False,
        additional_fields: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the document, indented when ``pretty``, with ``additional_fields`` in it."""
        at = datetime.fromtimestamp(data.timestamp, UTC).isoformat()
        document: dict[str, Any] = {
            "timestamp": at,
            "metrics": [_without_none(msgspec.to_builtins(each)) for each in data.metrics],
            "total_metrics": len(data.metrics),
        }
        if self._include_metadata:
            document["metadata"] = {"exporter": "json", "version": self.version}
        renamed = {self._mapping.get(name, name): value for name, value in document.items()}
        encoded = msgspec.json.encode({**renamed, **(additional_fields or {})})
        return (msgspec.json.format(encoded, indent=2) if pretty else encoded).decode()


def _without_none(series: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in series.items() if value is not None}
