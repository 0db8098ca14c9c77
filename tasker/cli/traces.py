"""Traces of the commands that work: those of the application that they load."""

from __future__ import annotations

import sys

from tasker.telemetry.config import TelemetryConfig


def telemetry_of_application() -> TelemetryConfig:
    """Return settings that make spans if the application has set up a tracer provider.

    Call it when its modules are imported.
    """
    if "opentelemetry.sdk.trace" not in sys.modules:
        return TelemetryConfig()
    from tasker.telemetry.otel import TracerProvider, get_tracer_provider

    return TelemetryConfig(traces=isinstance(get_tracer_provider(), TracerProvider))
