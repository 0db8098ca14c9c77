"""Events of metrics that are written in some format."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from tasker.events.event import Count, Event, Seconds

_ExportId = Annotated[
    str, Meta(description="The same in all events of one export.", examples=["export-1"])
]
_Format = Annotated[str, Meta(description="As it was asked for.", examples=["json"])]


class _Export(Event, frozen=True, kw_only=True, gc=False):
    export_id: _ExportId
    format: _Format


class TaskerTelemetryExportRequested(_Export, frozen=True, kw_only=True, gc=False):
    """Metrics are about to be written."""

    options: Annotated[
        dict[str, Any],
        Meta(description="What the exporter is given, without secrets.", examples=[{"pretty": 1}]),
    ]


class TaskerTelemetryExportCompleted(_Export, frozen=True, kw_only=True, gc=False):
    """Metrics were written."""

    exporter: Annotated[str, Meta(description="What wrote them.", examples=["json"])]
    metrics_count: Count
    duration_seconds: Seconds


class TaskerTelemetryExportFailed(_Export, frozen=True, kw_only=True, gc=False):
    """Metrics could not be written: no exporter knows the format, or it raised."""

    error: Annotated[
        str,
        Meta(
            description="What was wrong, without secrets.", examples=["OSError: the disk is full"]
        ),
    ]
