"""The door to OpenTelemetry: the one file that imports it, and knows what to say without it."""

from __future__ import annotations

from collections.abc import Mapping

from tasker.errors import MissingExtraError

try:
    from opentelemetry.context import Context, attach
    from opentelemetry.propagate import inject
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Tracer, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.sdk.trace.sampling import Decision
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
except ImportError as missing:
    raise MissingExtraError(feature="tracing", extra="otel") from missing

__all__ = [
    "Context",
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
    "otlp_provider",
    "set_span_in_context",
]


def otlp_provider(
    service: str, endpoint: str, *, headers: Mapping[str, str] | None = None
) -> TracerProvider:
    """Return a provider that exports in batches, by OTLP over HTTP.

    Args:
        service: The name of the service in what shows the traces.
        endpoint: Where to, as in ``http://localhost:4318/v1/traces``.
        headers: What each request carries.

    Raises:
        MissingExtraError: The exporter is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as missing:
        raise MissingExtraError(feature="the export of traces", extra="otel") from missing
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), shutdown_on_exit=False
    )
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers or {}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
