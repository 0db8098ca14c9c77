"""The door to OpenTelemetry: the one file that imports it, and knows what to say without it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tasker.errors import MissingExtraError

try:
    from opentelemetry.context import Context, attach
    from opentelemetry.propagate import inject
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, Tracer, TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision
    from opentelemetry.trace import (
        Link,
        NonRecordingSpan,
        Span,
        SpanContext,
        SpanKind,
        Status,
        StatusCode,
        TraceFlags,
        get_current_span,
        get_tracer_provider,
        set_span_in_context,
    )
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    from opentelemetry.util.re import parse_env_headers
except ImportError as missing:
    raise MissingExtraError(feature="tracing", extra="otel") from missing

__all__ = [
    "Context",
    "CountedExporter",
    "Decision",
    "IdGenerator",
    "Link",
    "NonRecordingSpan",
    "Span",
    "SpanContext",
    "SpanKind",
    "Status",
    "StatusCode",
    "TraceContextTextMapPropagator",
    "TraceFlags",
    "Tracer",
    "TracerProvider",
    "attach",
    "get_current_span",
    "get_tracer_provider",
    "inject",
    "otlp_headers",
    "otlp_provider",
    "set_span_in_context",
]


class CountedExporter(SpanExporter):
    """Exports by another exporter, and counts what it has taken, and what it has not."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self.exported = 0
        self.failed = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans."""
        result = self._inner.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.exported += len(spans)
        else:
            self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        """Shut down what exports."""
        self._inner.shutdown()


def otlp_provider(service: str, endpoint: str) -> tuple[TracerProvider, CountedExporter]:
    """Return a provider that samples everything and exports in batches, by OTLP over HTTP.

    Args:
        service: The name of the service in what shows the traces.
        endpoint: Where to, as in ``http://localhost:4318/v1/traces``.

    Raises:
        MissingExtraError: The exporter is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as missing:
        raise MissingExtraError(feature="the export of traces", extra="otel") from missing
    provider = TracerProvider(
        sampler=ALWAYS_ON,
        resource=Resource.create({"service.name": service}),
        shutdown_on_exit=False,
    )
    exporter = CountedExporter(OTLPSpanExporter(endpoint=endpoint))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider, exporter


def otlp_headers() -> dict[str, str]:
    """Return the headers that the environment wants on exports."""
    names = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
    written = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return dict(parse_env_headers(written, liberal=True))
