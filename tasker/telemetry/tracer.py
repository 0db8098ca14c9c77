"""The tracer of an engine: one of the application's provider, with ids of our own."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tasker.telemetry import otel

SCOPE = "tasker"
"""The instrumentation scope of our spans."""


def traceable(provider: Any) -> otel.Tracer | None:
    """Return a tracer of a provider, of our own; None when the SDK is switched off.

    Args:
        provider: A provider of the SDK, None for the global one.

    Raises:
        ValueError: It is none of the SDK.
    """
    given = otel.get_tracer_provider() if provider is None else provider
    if not isinstance(given, otel.TracerProvider):
        where = "the global tracer provider" if provider is None else "tracer_provider"
        raise ValueError(
            f"{where} is {type(given).__module__}.{type(given).__qualname__}; traces need a "
            "TracerProvider of the OpenTelemetry SDK: give one to Engine.open(tracer_provider=…), "
            "or call opentelemetry.trace.set_tracer_provider before"
        )
    tracer = given.get_tracer(SCOPE)
    # The provider hands out one tracer to all who ask: a copy may have ids of its own.
    return copy.copy(tracer) if isinstance(tracer, otel.Tracer) else None


class PresetIds(otel.IdGenerator):
    """Gives the ids that are set, else those of another generator.

    Used by one thread, that of the engine's loop.
    """

    def __init__(self, inner: otel.IdGenerator) -> None:
        self._inner = inner
        self._trace: int | None = None
        self._span: int | None = None

    @contextmanager
    def preset(self, span_id: int, trace_id: int | None = None) -> Iterator[None]:
        """Have what begins inside get these ids; a root needs the trace's as well."""
        self._span, self._trace = span_id, trace_id
        try:
            yield
        finally:
            self._span = self._trace = None

    def generate_span_id(self) -> int:
        """Return the id of a span."""
        return self._inner.generate_span_id() if self._span is None else self._span

    def generate_trace_id(self) -> int:
        """Return the id of a trace."""
        return self._inner.generate_trace_id() if self._trace is None else self._trace
