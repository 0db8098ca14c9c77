"""HTTP connections of `ApiStepHandler`: their configuration, and the client made of it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from tasker.actors.protocols import Clock
from tasker.errors import HandlerError
from tasker.telemetry.scope import CURRENT
from tasker.telemetry.tracing import Tracing

JSON = "application/json"
# Faults of the request itself: sending it again changes nothing.
UNSENDABLE = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


class ApiConfig(Struct, frozen=True, kw_only=True, dict=True):
    """The ``handler_config`` of an API step.

    Attributes:
        url: Where requests go; relative URLs in ``process`` are joined to it.
        method: The method of the default ``process``.
        params: Query parameters of every request, beside those in ``url``.
        headers: Headers of every request.
        timeout: Seconds for each of connecting, writing, and waiting for data.
        retries: How often a request is sent again, within the attempt, after a
            transport error. A status is never retried this way.
        retry_delay: Seconds before the first of these.
        enable_exponential_backoff: Whether each later wait is twice the one before.
        ssl: False for no verification, or ``verify``, ``ca_file``, ``client_cert``
            and ``client_key``.
        json: The body of the default ``process``, for methods other than GET.
        result_headers: Response headers to keep, beside the usual ones.
        follow_redirects: Whether redirects are followed.
        send_correlation_id: Whether requests carry the task's correlation id, in the
            header that the engine's configuration names.
        send_trace_context: Whether requests carry the W3C trace context: that of their
            own span, or of the request for the task where no spans are made.
    """

    url: str = ""
    method: str = "GET"
    params: dict[str, Any] = {}
    headers: dict[str, str] = {}
    timeout: float = 30.0
    retries: int = 0
    retry_delay: float = 1.0
    enable_exponential_backoff: bool = True
    ssl: bool | dict[str, Any] = True
    json: Any = msgspec.UNSET
    result_headers: list[str] = []
    follow_redirects: bool = False
    send_correlation_id: bool = True
    send_trace_context: bool = True

    @classmethod
    def read(cls, config: Mapping[str, Any], *, reference: str) -> Self:
        """Return a configuration, whatever else it holds.

        Raises:
            HandlerError: A value is of the wrong kind, or ``url`` is no HTTP URL.
        """
        given = {key: value for key, value in config.items() if value is not None}
        try:
            read = msgspec.convert(given, cls, strict=False)
        except msgspec.ValidationError as error:
            raise HandlerError(handler=reference, reason=f"handler_config: {error}") from error
        wrong = read._wrong()
        if wrong is not None:
            raise HandlerError(handler=reference, reason=f"handler_config: {wrong}")
        return read

    @property
    def key(self) -> bytes:
        """What clients that may be shared have in common."""
        return msgspec.json.encode(self, order="deterministic")

    @property
    def base(self) -> httpx.URL:
        """The URL without its query."""
        return httpx.URL(self.url).copy_with(query=None, fragment=None)

    def _wrong(self) -> str | None:
        for name in ("timeout", "retry_delay", "retries"):
            value = getattr(self, name)
            if not (0 <= value < float("inf")) or (name == "timeout" and value == 0):
                return f"{name} is {value}, which cannot be"
        if not self.url:
            return None
        try:
            url = httpx.URL(self.url)
            urlsplit(self.url)  # refuses brackets that httpx takes
        except (httpx.InvalidURL, ValueError):
            return "url is no valid URL"
        if " " in self.url:
            return "url is no valid URL: it has a space"
        if url.scheme not in ("http", "https") or not url.host:
            return "url needs http:// or https:// and a host"
        return None


class RetryingTransport(httpx.AsyncBaseTransport):
    """Sends a request again when the way to the server failed, a few times."""

    def __init__(self, inner: httpx.AsyncBaseTransport, config: ApiConfig, clock: Clock) -> None:
        self._inner = inner
        self._config = config
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        config = self._config
        # A body that is a stream was used up by the first time.
        retries = config.retries if isinstance(request.stream, httpx.ByteStream) else 0
        for retry in range(retries):
            try:
                return await self._inner.handle_async_request(request)
            except UNSENDABLE:
                raise
            except httpx.TransportError:
                factor = 2**retry if config.enable_exponential_backoff else 1
                await self._clock.sleep(config.retry_delay * factor)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def client_options(
    config: ApiConfig,
    clock: Clock,
    *,
    correlation_header: str = "",
    traces: Tracing | None = None,
) -> dict[str, Any]:
    """Return the arguments of the `httpx.AsyncClient` that a configuration asks for."""
    verify = ssl_context(config.ssl)
    transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport(
        verify=verify,
        # Steps are bounded before they get here; waiting twice would only add timeouts.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
    )
    hooks: list[Any] = [_say_json]
    if config.send_correlation_id and correlation_header:
        hooks.append(partial(_say_correlation, correlation_header))
    if traces is not None:
        transport = traces.transport(transport, passes_on=config.send_trace_context)
    elif config.send_trace_context:
        hooks.append(_say_trace)
    options: dict[str, Any] = {
        "params": {**dict(httpx.URL(config.url).params), **config.params} if config.url else {},
        "headers": {"Accept": JSON, **config.headers},
        "timeout": config.timeout,
        "follow_redirects": config.follow_redirects,
        "event_hooks": {"request": hooks},
        "transport": RetryingTransport(transport, config, clock),
    }
    if config.url:
        options["base_url"] = config.base
    return options


def ssl_context(setting: bool | Mapping[str, Any]) -> ssl.SSLContext | bool:
    """Return what httpx takes as ``verify``.

    Raises:
        OSError: A file of a certificate or key cannot be read.
    """
    if isinstance(setting, bool):
        return setting
    verify = setting.get("verify", True)
    ca_file = setting.get("ca_file") or (verify if isinstance(verify, str) else None)
    context: ssl.SSLContext
    if ca_file is not None:
        context = ssl.create_default_context(cafile=ca_file)
    else:
        context = httpx.create_ssl_context(verify=bool(verify))
    if setting.get("client_cert"):
        context.load_cert_chain(setting["client_cert"], setting.get("client_key"))
    return context


async def _say_json(request: httpx.Request) -> None:
    """Name JSON as the type of a body that names none.

    As a default header it would overwrite what httpx says of forms and files.
    """
    if "content-type" not in request.headers and (
        "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
    ):
        request.headers["Content-Type"] = JSON


async def _say_correlation(header: str, request: httpx.Request) -> None:
    """Pass on what the task is joined with; a header that the handler gave stays."""
    scope = CURRENT.get()
    if scope is not None and scope.correlation_id is not None and header not in request.headers:
        request.headers[header] = scope.correlation_id


async def _say_trace(request: httpx.Request) -> None:
    """Pass on the trace context that there is, unless the handler gave one."""
    scope = CURRENT.get()
    if scope is None or scope.task is None or "traceparent" in request.headers:
        return
    if scope.span is not None:
        request.headers.update(scope.span.carrier())
    elif scope.task.traceparent is not None:
        request.headers["traceparent"] = scope.task.traceparent
        if scope.task.tracestate is not None:
            request.headers["tracestate"] = scope.task.tracestate
