"""A span for each request of an API step, and its context in the request's headers.

Attributes follow https://opentelemetry.io/docs/specs/semconv/http/http-spans/.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx

from tasker.telemetry import otel
from tasker.telemetry.engine_log import logger
from tasker.telemetry.masking import Masker
from tasker.telemetry.scope import CURRENT

FIRST_ERROR_STATUS = 400

_PLAIN = Masker()


class TracedTransport(httpx.AsyncBaseTransport):
    """Sends by another transport, and makes a span of each time that it does.

    A span ends when the headers of the response are there. A request that is sent again
    is a span again.

    Args:
        inner: What sends.
        tracer: Makes the spans.
        passes_on: Whether the request carries the span's context.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, tracer: otel.Tracer, *, passes_on: bool
    ) -> None:
        self._inner = inner
        self._tracer = tracer
        self._passes_on = passes_on

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        span = self._begin(request)
        if span is None:
            return await self._inner.handle_async_request(request)
        try:
            sent = _carrying(request, span) if self._passes_on else request
            response = await self._inner.handle_async_request(sent)
        except BaseException as failure:
            _tell_failure(span, failure)
            raise
        else:
            _tell_status(span, response.status_code)
            return response
        finally:
            _end(span)

    async def aclose(self) -> None:
        """Close what sends."""
        await self._inner.aclose()

    def _begin(self, request: httpx.Request) -> otel.Span | None:
        try:
            return self._tracer.start_span(
                request.method, kind=otel.SpanKind.CLIENT, attributes=_attributes(request)
            )
        except Exception as failure:
            logger.warning("a span is lost: %s", failure, exc_info=failure)
            return None


def _attributes(request: httpx.Request) -> dict[str, Any]:
    url = request.url
    attributes: dict[str, Any] = {
        "http.request.method": request.method,
        "url.full": _masker().text(str(url)),
        "server.address": url.host,
    }
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    if port is not None:
        attributes["server.port"] = port
    return attributes


def _carrying(request: httpx.Request, span: otel.Span) -> httpx.Request:
    """Return the request with the context of the span.

    Another one: what is sent again, or follows a redirect, is made from the first.
    """
    if "traceparent" in request.headers:
        return request  # the handler's own
    carrier: dict[str, str] = {}
    otel.inject(carrier, otel.set_span_in_context(span))
    headers = request.headers.copy()
    headers.update(carrier)
    return httpx.Request(
        request.method,
        request.url,
        headers=headers,
        stream=request.stream,
        extensions=request.extensions,
    )


def _tell_status(span: otel.Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= FIRST_ERROR_STATUS:
        span.set_attribute("error.type", str(status))
        span.set_status(otel.Status(otel.StatusCode.ERROR))


def _tell_failure(span: otel.Span, failure: BaseException) -> None:
    kind = type(failure).__name__
    span.set_attribute("error.type", kind)
    text = _masker().text(str(failure))
    span.set_status(otel.Status(otel.StatusCode.ERROR, f"{kind}: {text}" if text else kind))


def _end(span: otel.Span) -> None:
    with suppress(Exception):  # of the application's processors; they are told of elsewhere
        span.end()


def _masker() -> Masker:
    scope = CURRENT.get()
    return _PLAIN if scope is None or scope.masker is None else scope.masker
