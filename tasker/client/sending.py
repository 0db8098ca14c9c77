"""One request, sent again where that does no harm."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import anyio.to_thread
import httpx
import msgspec
from msgspec import Struct

from tasker.actors.protocols import Clock
from tasker.client.config import ClientConfig
from tasker.client.errors import ClientClosedError, UnreachableServerError, error_of

# Nothing has reached the server when these are raised.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_TOO_MANY = 429
_AWAY = (502, 503)
"""The server, or what stands before it, does not work just now."""

Param = str | int | float | Sequence[str] | None


class Answer(Struct, frozen=True):
    """A response, and which try it answers, from 1."""

    response: httpx.Response
    tries: int

    @property
    def url(self) -> str:
        """What was asked, without the query."""
        return str(self.response.request.url.copy_with(query=None))


class Sender:
    """Sends requests to one server, and keeps the connections to it.

    A request is sent again, ``retries`` times at most:

    - when no connection came about, and after 429: nothing was done then;
    - if it is *safe*, also when the connection was lost, and after 502 and 503. Safe is what
      reads, and what creates tasks under idempotency keys.

    `Retry-After` is heeded; without it the waits grow, see `ClientConfig`.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        config: ClientConfig,
        clock: Clock,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.url = url
        self.config = config
        self.clock = clock
        self._token = token
        self._transport = transport
        self._chance = chance
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Make the connections' pool; none is made before the first request."""
        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        # In a thread: it reads certificates.
        self._client = await anyio.to_thread.run_sync(
            partial(
                httpx.AsyncClient,
                base_url=self.url,
                headers=headers,
                timeout=self.config.timeout_seconds,
                transport=self._transport,
                # Not followed: a token goes to nobody but the server that it was given for.
                follow_redirects=False,
            )
        )

    async def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @property
    def client(self) -> httpx.AsyncClient:
        """The client beneath; raises `ClientClosedError` when it is not open."""
        if self._client is None:
            raise ClientClosedError(url=self.url)
        return self._client

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Param] | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        wait_seconds: float = 0.0,
        accepts: Sequence[int] = (),
        stream: bool = False,
    ) -> Answer:
        """Send a request and return the answer.

        Args:
            method: The method.
            path: The path below the server's URL.
            body: What is sent as JSON, None for no body.
            params: The query; what is None is left out.
            headers: Headers beside those that all requests have.
            safe: Whether sending it twice does no harm; None for GET alone.
            wait_seconds: How long the server was asked to wait before it answers.
            accepts: Statuses that are answers, beside those of success.
            stream: Whether the body is left to the caller, who closes the response.

        Raises:
            TaskerError: What the server refused it with.
            UnreachableServerError: No answer came.
            ServerAnswerError: The answer is not one of Tasker's.
        """
        make = partial(
            self.client.build_request,
            method,
            path,
            content=None if body is None else msgspec.json.encode(body),
            params={name: value for name, value in (params or {}).items() if value is not None},
            headers={**({} if body is None else _JSON), **(headers or {})},
            timeout=self._timeout(wait_seconds, stream=stream),
        )
        is_safe = method == "GET" if safe is None else safe
        tries = 0
        while True:
            tries += 1
            may_retry = tries <= self.config.retries
            try:
                response = await self.client.send(make(), stream=stream)
                if stream and not response.is_success:
                    await _read_whole(response)
            except httpx.RequestError as error:
                if may_retry and (is_safe or isinstance(error, _UNSENT)):
                    await self.pause(tries)
                    continue
                raise self.unreachable(error, tries) from error
            if response.is_success or response.status_code in accepts:
                return Answer(response, tries)
            wait = self._wait_before_retry(response, tries, is_safe)
            if not may_retry or wait is None:
                raise error_of(response)
            await self.clock.sleep(wait)

    async def pause(self, tries: int) -> None:
        """Wait before the next try."""
        await self.clock.sleep(self._backoff(tries))

    def unreachable(self, error: httpx.RequestError, tries: int) -> UnreachableServerError:
        """Return the error that says that no answer came."""
        reason = str(error) or type(error).__name__
        return UnreachableServerError(url=self.url, reason=reason, tries=tries)

    def _backoff(self, tries: int) -> float:
        """Return ``first_retry_seconds * 2 ** (tries - 1)``, bounded, spread by chance."""
        wait: float = self.config.first_retry_seconds * 2.0 ** min(tries - 1, 32)
        return min(wait, self.config.most_retry_seconds) * (0.5 + self._chance() / 2)

    def _wait_before_retry(
        self, response: httpx.Response, tries: int, is_safe: bool
    ) -> float | None:
        """Return the seconds until the next try, None when there is to be none."""
        status = response.status_code
        if not (status == _TOO_MANY or (is_safe and status in _AWAY)):
            return None
        wait = retry_after(response.headers.get("retry-after"), self.clock.now())
        if wait is None:
            return self._backoff(tries)
        return None if wait > self.config.most_retry_seconds else wait

    def _timeout(self, wait_seconds: float, *, stream: bool) -> httpx.Timeout:
        seconds = self.config.timeout_seconds
        silence = self.config.silence_seconds if stream else seconds + wait_seconds
        return httpx.Timeout(seconds, read=silence)


async def _read_whole(response: httpx.Response) -> None:
    try:
        await response.aread()
    finally:
        await response.aclose()


_JSON = {"Content-Type": "application/json"}


def retry_after(given: str | None, now: float) -> float | None:
    """Return the seconds of a `Retry-After`, which may be a date; None for none."""
    if given is None:
        return None
    if given.isascii() and given.isdigit():
        return float(given)
    try:
        at = parsedate_to_datetime(given)
    except ValueError:
        return None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.fromtimestamp(now, UTC)).total_seconds())
