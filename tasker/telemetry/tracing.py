"""Traces, as the engine sees them: with no OpenTelemetry in it, which is optional."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from tasker.actors.protocols import Witness

if TYPE_CHECKING:
    import httpx

    from tasker.actors.protocols import AttemptOrder, Clock
    from tasker.actors.workflow.outcome import AttemptResult
    from tasker.telemetry.config import TelemetryConfig
    from tasker.telemetry.scope import ActiveSpan


class AttemptSpan(Protocol):
    """The span of an attempt that runs here."""

    def enter(self) -> None:
        """Make it the current span of the context at hand."""

    def carrier(self) -> dict[str, str]:
        """Return the headers by which it is passed on."""

    def ended(self, result: AttemptResult | None) -> None:
        """Take note that the handler has ended; None for one that was cancelled."""


class Tracing(Witness, Protocol):
    """Makes the spans of an engine's work, as a witness of its decisions.

    What processors of the application raise comes out of `decided` alone.
    """

    def attempt(self, order: AttemptOrder) -> AttemptSpan | None:
        """Begin the span of an attempt."""

    def submitting(self) -> tuple[str, str | None] | None:
        """Return traceparent and tracestate of the current span, None when there is none."""

    def transport(
        self, inner: httpx.AsyncBaseTransport, *, passes_on: bool
    ) -> httpx.AsyncBaseTransport:
        """Return a transport that makes a span of each request, and may pass it on."""

    def close(self) -> None:
        """End what nobody will decide on any more."""


def make_tracing(
    config: TelemetryConfig, provider: Any, *, clock: Clock, node_id: str
) -> Tracing | None:
    """Return what makes the spans of an engine; None when they were not asked for.

    Args:
        config: Says whether the application's global provider is used.
        provider: The provider to use instead, None for none.
        clock: The engine's.
        node_id: What names the engine in the spans.

    Raises:
        MissingExtraError: OpenTelemetry is not installed.
        ValueError: There is no provider of the OpenTelemetry SDK.
    """
    if provider is None and not config.traces:
        return None
    from tasker.telemetry.spans import Traces
    from tasker.telemetry.tracer import traceable

    tracer = traceable(provider)
    return None if tracer is None else Traces(tracer, clock=clock, node_id=node_id)


def remote_span(carrier: Mapping[str, str] | None) -> ActiveSpan | None:
    """Return a span of another process, by the headers that it was passed on with."""
    if not carrier:
        return None
    from tasker.telemetry.attempt_spans import RemoteSpan

    return RemoteSpan(carrier)
