"""The span of an attempt: open until the attempt's outcome is durable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tasker.actors.workflow.outcome import AttemptFailed, AttemptResult
from tasker.stores.records import StepState, Transition
from tasker.telemetry import otel
from tasker.telemetry.span_facts import NOWHERE, PROPAGATOR, nanoseconds

Key = tuple[str, str, int]
"""An attempt: task id, name of the step, number of the attempt."""
Told = Callable[["OpenAttempt", AttemptResult | None], Any]


class OpenAttempt:
    """The span of an attempt: ended when its handler has ended, and its outcome is durable."""

    __slots__ = ("_explained", "_settled", "_span", "_told", "ended_at", "key")

    def __init__(self, key: Key, span: otel.Span, told: Told) -> None:
        self.key = key
        self.ended_at: int | None = None
        self._span = span
        self._told = told
        self._settled = False
        self._explained = False

    def enter(self) -> None:
        """Make it the current span of the context at hand."""
        otel.attach(otel.set_span_in_context(self._span))

    def carrier(self) -> dict[str, str]:
        """Return the headers by which it is passed on."""
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier, otel.set_span_in_context(self._span, NOWHERE))
        return carrier

    def ended(self, result: AttemptResult | None) -> None:
        """Take note that the handler has ended; None for one that was cancelled."""
        self._told(self, result)

    def end_handler(self, result: AttemptResult | None, at: int) -> None:
        """The same, with the time of it."""
        self.ended_at = at
        if isinstance(result, AttemptFailed):
            error = result.error
            self._explain(error.error_class, error.message, error.backtrace)
        if self._settled:
            self._span.end(at)

    def settle(self, transition: Transition, detail: Mapping[str, Any], at: float) -> None:
        """Take note of the outcome that was recorded."""
        span = self._span
        self._settled = True
        if span.is_recording():
            span.set_attribute("tasker.step.state", str(transition.to_state))
            if transition.to_state == StepState.ERROR:
                self._tell_failure(detail, at)
        if self.ended_at is not None:
            span.end(self.ended_at)

    def abandon(self, at: int) -> None:
        """End it without an outcome: another engine has the task."""
        self._span.set_attribute("tasker.step.state", "unknown")
        self._span.end(at if self.ended_at is None else self.ended_at)

    def _tell_failure(self, detail: Mapping[str, Any], at: float) -> None:
        span = self._span
        kind, message = detail.get("error_class", "unknown"), detail.get("message", "")
        self._explain(kind, message, ())
        span.set_attribute("error.type", kind)
        span.set_status(otel.Status(otel.StatusCode.ERROR, f"{kind}: {message}"))
        retry_at = detail.get("retry_at")
        when = nanoseconds(at) if self.ended_at is None else self.ended_at
        if retry_at is None:
            why = "permanent error" if detail.get("permanent") else "no attempt is left"
            span.add_event("no retry", {"tasker.retry.reason": why}, when)
            return
        told = {
            "tasker.retry.attempt": self.key[2] + 1,
            "tasker.retry.backoff_seconds": max(0.0, retry_at - at),
            "tasker.retry.at": datetime.fromtimestamp(retry_at, UTC).isoformat(),
        }
        span.add_event("retry scheduled", told, when)

    def _explain(self, kind: str, message: str, backtrace: Sequence[str]) -> None:
        """Add the event of an exception, once. All of it went through the filter before."""
        if self._explained or not self._span.is_recording():
            return
        self._explained = True
        told = {"exception.type": kind, "exception.message": message}
        if backtrace:
            told["exception.stacktrace"] = "\n".join(backtrace)
        self._span.add_event("exception", told, self.ended_at)


class RemoteSpan:
    """The span of an attempt that another process made: see `ActiveSpan`."""

    def __init__(self, carrier: Mapping[str, str]) -> None:
        self._carrier = dict(carrier)

    def enter(self) -> None:
        """Make it the current span of the context at hand."""
        otel.attach(PROPAGATOR.extract(self._carrier))

    def carrier(self) -> dict[str, str]:
        """Return the headers by which it is passed on."""
        return dict(self._carrier)
