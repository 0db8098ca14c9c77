"""The base class of steps that call an HTTP API."""

from __future__ import annotations

import time
from collections.abc import Mapping
from collections.abc import Sequence as Items
from contextlib import suppress
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from tasker.errors import HandlerError, PermanentError, RetryableError
from tasker.handlers.connection import UNSENDABLE, ApiConfig, client_options
from tasker.handlers.resources import Resources
from tasker.handlers.responses import EXCERPT, Answer, request_facts
from tasker.handlers.statuses import is_success, parse_retry_after, rule_for
from tasker.handlers.step import StepHandler
from tasker.telemetry.masking import Masker

if TYPE_CHECKING:
    from tasker.handlers.sequence import Sequence
    from tasker.handlers.views import Step, Task


class ApiStepHandler(StepHandler):
    """A step that calls an HTTP API.

    Without a subclass it sends the request that its ``handler_config`` describes. A
    subclass writes ``process``, which sends requests by ``self.connection`` and
    returns the response; then its status decides: 2xx succeeds, what another
    attempt may mend is retried (when ``Retry-After`` says, if it does), and the rest
    is permanent with an ``error_code`` such as ``HTTP_422``. Responses that fail
    never reach ``process_results``.

    The results are ``{"status": …, "headers": {…}, "body": …}``, the body decoded
    when it is JSON; ``process_results`` may make something else of the response.

    ``connection`` is shared by the attempts of the step: give headers and the like
    to each request instead of changing it.
    """

    config_type = "api"

    connection: httpx.AsyncClient
    api: ApiConfig

    async def process(self, task: Task, sequence: Sequence, step: Step) -> Any:
        """Send the configured request and return the response."""
        api = self.api
        body: dict[str, Any] = {}
        if api.method.upper() != "GET" and api.json is not msgspec.UNSET:
            body["json"] = api.json
        return await self.connection.request(api.method.upper(), api.base, **body)

    def make_connection(self, options: dict[str, Any]) -> httpx.AsyncClient:
        """Return the client for these arguments of `httpx.AsyncClient`; override to change it."""
        return httpx.AsyncClient(**options)

    @classmethod
    def check_class(cls, reference: str) -> None:
        super().check_class(reference)
        if not iscoroutinefunction(cls.process):
            raise HandlerError(
                handler=reference,
                reason="process must be async def: self.connection is an httpx.AsyncClient",
            )

    @classmethod
    def check_config(cls, reference: str, config: Mapping[str, Any]) -> None:
        api = ApiConfig.read(config, reference=reference)
        if cls.required_config() and not api.url:
            raise HandlerError(
                handler=reference, reason="handler_config: url is missing", remedy="add url"
            )

    @classmethod
    def required_config(cls) -> Items[str]:
        return ("url",) if cls.process is ApiStepHandler.process else ()

    async def _connect(self, resources: Resources, masker: Masker) -> None:
        self._masker = masker
        self.api = ApiConfig.read(self.config, reference=type(self).__qualname__)
        self._now = resources.clock.now
        self.connection = resources.get(
            (type(self), self.api.key),
            lambda: self.make_connection(
                client_options(
                    self.api,
                    resources.clock,
                    correlation_header=resources.correlation_header,
                    traces=resources.traces,
                )
            ),
        )

    _now = staticmethod(time.time)
    _masker = Masker()

    def _examine(self, step: Step, output: Any) -> None:
        if output is None and step.results_by_hand:
            return
        answer = Answer.of(output)
        if answer is None:
            raise PermanentError(
                f"process of {type(self).__qualname__} returned {type(output).__name__}; return "
                "the response, or a mapping with status, headers and body"
            )
        if not is_success(answer.status):
            raise self._failure(answer)

    def _default_results(self, output: Any) -> Any:
        answer = Answer.of(output)
        return None if answer is None else answer.results(self.api.result_headers, self._masker)

    def _explained(self, failure: Exception) -> Exception:
        if isinstance(failure, httpx.HTTPStatusError):
            return self._failure(Answer.of_response(failure.response))
        if isinstance(failure, httpx.InvalidURL | httpx.TransportError):
            return _transport_failure(failure)
        return failure

    def _failure(self, answer: Answer) -> PermanentError | RetryableError:
        rule = rule_for(answer.status)
        excerpt = " ".join(answer.excerpt(EXCERPT, self._masker).split())
        message = f"{answer.place} answered {answer.status}: {rule.reason}"
        if excerpt:
            message += f" ({excerpt})"
        context = answer.context(self.api.result_headers, self._masker)
        if rule.permanent:
            return PermanentError(message, error_code=f"HTTP_{answer.status}", context=context)
        return RetryableError(
            message,
            retry_after=parse_retry_after(answer.headers.get("retry-after"), self._now()),
            error_code=f"HTTP_{answer.status}",
            context=context,
        )


def _transport_failure(failure: httpx.InvalidURL | httpx.TransportError) -> Exception:
    facts: dict[str, Any] = {"error": type(failure).__name__}
    place = "the request"
    if isinstance(failure, httpx.TransportError):
        with suppress(RuntimeError):  # it may have failed before there was a request
            facts |= request_facts(failure.request)
            place = f"{facts['method']} {facts['url']}"
    text = str(failure)
    message = f"{place} failed: {type(failure).__name__}" + (f": {text}" if text else "")
    if isinstance(failure, (httpx.InvalidURL, *UNSENDABLE)):
        return PermanentError(message, error_code="INVALID_REQUEST", context=facts)
    timed_out = isinstance(failure, httpx.TimeoutException)
    return RetryableError(
        message, error_code="TIMEOUT" if timed_out else "CONNECTION_FAILED", context=facts
    )
