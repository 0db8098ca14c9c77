"""Metrics as a table, a row for each sample."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from tasker.telemetry.exporters.data import MetricsData, Series
from tasker.telemetry.exporters.exporter import Exporter, ExporterError

COLUMNS = ("timestamp", "name", "type", "value", "labels")


class CsvExporter(Exporter):
    """Writes the samples as CSV (RFC 4180).

    A histogram gives the rows that Prometheus would have: one for each bucket, named
    ``…_bucket`` with the label ``le``, and ``…_sum`` and ``…_count``.

    Args:
        columns: Which columns, of timestamp, name, type, value and labels.
        separator: What stands between them.
        flatten_labels: Whether each label has a column of its own, ``label_…``, in the
            place of one with all labels as JSON.
    """

    formats = ("csv",)
    version = "1.0.0"

    def __init__(
        self,
        *,
        columns: Sequence[str] = COLUMNS,
        separator: str = ",",
        flatten_labels: bool = True,
    ) -> None:
        unknown = [column for column in columns if column not in COLUMNS]
        if unknown or not columns:
            raise ExporterError(
                f"columns are {', '.join(columns) or 'none'}; they can be {', '.join(COLUMNS)}"
            )
        self._columns = tuple(columns)
        self._separator = separator
        self._flatten = flatten_labels

    def export(
        self, data: MetricsData, *, include_headers: bool = True, row_separator: str = "\n"
    ) -> str:
        """Return the table, with a line of headings unless ``include_headers`` is off."""
        at = datetime.fromtimestamp(data.timestamp, UTC).isoformat()
        rows = [{"timestamp": at, **row} for each in data.metrics for row in _rows(each)]
        names = sorted({f"label_{name}" for row in rows for name in row["labels"]})
        columns = list(self._columns)
        if self._flatten and names and "labels" in columns:
            place = columns.index("labels")
            columns[place : place + 1] = names
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._separator, lineterminator=row_separator)
        if include_headers:
            writer.writerow(columns)
        for row in rows:
            labels = row["labels"]
            cells = {
                **row,
                "labels": msgspec.json.encode(labels, order="sorted").decode(),
                **{f"label_{name}": value for name, value in labels.items()},
            }
            writer.writerow([cells.get(name, "") for name in columns])
        return text.getvalue()


def _rows(series: Series) -> Iterator[dict[str, Any]]:
    def row(suffix: str, value: float | int | None, **more: str) -> dict[str, Any]:
        name, labels = f"{series.name}{suffix}", {**series.labels, **more}
        return {"name": name, "type": series.type, "value": value, "labels": labels}

    if series.buckets is None:
        yield row("", series.value)
        return
    for bound, count in series.buckets.items():
        yield row("_bucket", count, le=bound)
    yield row("_sum", series.sum)
    yield row("_count", series.count)
