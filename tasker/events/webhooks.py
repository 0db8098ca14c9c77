"""A durable subscriber that posts every event to an address, signed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import msgspec

import tasker
from tasker.errors import RetryableError, SubscriptionGoneError
from tasker.events.event import Event
from tasker.events.policy import DeliveryPolicy
from tasker.events.signing import key_of, sign_headers
from tasker.events.subscriber import BaseSubscriber
from tasker.handlers.statuses import parse_retry_after
from tasker.telemetry.masking import Masker

TIMEOUT_SECONDS = 15.0
MOST_OF_ANSWER = 64 * 1024
"""Bytes of an answer's body that are read, to use the connection again; they say nothing."""
_GONE = 410
_OWN = ("url", "secrets", "headers", "timeout_seconds")


class WebhookSubscriber(BaseSubscriber):
    """Posts events as JSON to one address, at least once, in order for each task.

        WebhookSubscriber(
            name="billing",
            url="https://billing.example.com/hooks",
            secrets=[os.environ["BILLING_SECRET"]],
            events=["task.completed", "order.*"],
        )

    The body is ``{"type": "task.completed", "timestamp": "2026-…Z", "data": {…}}``, where
    the data are the event. It is signed as the Standard Webhooks specification says;
    `tasker.events.verify_webhook` checks it. The header ``webhook-id`` is the same
    whenever the same event comes again.

    Delivered is what is answered with a status of 200 to 299 within the timeout. All else
    is tried again by the ``policy``, after ``Retry-After`` if the answer has it. Redirects
    are not followed. 410 suspends the subscription.

    Args:
        url: Where to; https, save for tests and one's own machine.
        secrets: ``whsec_…``, one or more. Each signs: to change a secret, add the new one,
            have the receiver take it, remove the old one.
        name: The name of its subscription.
        events: Names and patterns.
        headers: More headers for every request.
        timeout_seconds: How long an answer may take in all.
        policy: How often, and how many at once.
        config: May hold ``url``, ``secrets``, ``headers`` and ``timeout_seconds`` too.
        transport: For tests: what sends the requests.
        now: The time in Unix seconds.

    Raises:
        SubscriberError: Something of it is missing or wrong.
    """

    durable = True

    def __init__(
        self,
        *,
        url: str | None = None,
        secrets: Sequence[str] | str = (),
        name: str | None = None,
        events: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
        policy: DeliveryPolicy | None = None,
        config: Mapping[str, Any] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        given = dict(config or {})
        super().__init__(
            name=name,
            events=events,
            config={key: value for key, value in given.items() if key not in _OWN},
        )
        if policy is not None:
            self.policy = policy
        secrets = secrets or given.get("secrets") or ()
        secrets = [secrets] if isinstance(secrets, str) else list(secrets)
        self._keys = self._keys_of(secrets)
        # Nothing that this process logs or records has them, whoever tells of them.
        self._masker = Masker(secrets, everywhere=secrets)
        self._url = self._address(url or given.get("url"))
        more = headers or given.get("headers") or {}
        self._headers = {
            "content-type": "application/json",
            "user-agent": f"tasker/{tasker.__version__}",
            **{str(key): str(value) for key, value in more.items()},
        }
        self._timeout_seconds = self._timeout(timeout_seconds or given.get("timeout_seconds"))
        self._transport = transport
        self._now = now
        self._client: httpx.AsyncClient | None = None

    async def handle_event(self, event: Event) -> None:
        """Post an event; returns when it was taken."""
        body = body_of(event)
        signed = sign_headers(
            self._keys, id=webhook_id(event.event_id), timestamp=int(self._now()), body=body
        )
        status, retry_after = await self._post(body, {**self._headers, **signed})
        if 200 <= status < 300:
            return
        if status == _GONE:
            raise SubscriptionGoneError(f"{self._place} answered 410: it takes no more webhooks")
        if 300 <= status < 400:
            raise RetryableError(f"{self._place} answered {status}: redirects are not followed")
        raise RetryableError(f"{self._place} answered {status}", retry_after=retry_after)

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @property
    def _place(self) -> str:
        # Not more of the address: its path and query may be what nobody else may know.
        return f"{self._url.scheme}://{self._url.netloc.decode()}"

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, float | None]:
        if self._client is None:
            self._client = httpx.AsyncClient(
                transport=self._transport,
                follow_redirects=False,
                timeout=self._timeout_seconds,
                limits=httpx.Limits(max_connections=self.policy.concurrency),
            )
        try:
            with anyio.fail_after(self._timeout_seconds):
                async with self._client.stream(
                    "POST", self._url, content=body, headers=headers
                ) as response:
                    await _drain(response)
        except TimeoutError:
            seconds = f"{self._timeout_seconds:g} seconds"
            raise RetryableError(f"{self._place} did not answer within {seconds}") from None
        except httpx.HTTPError as error:
            told = self._masker.text(f"{type(error).__name__}: {error}")
            raise RetryableError(f"{self._place} could not be reached: {told}") from None
        asked = parse_retry_after(response.headers.get("retry-after"), self._now())
        return response.status_code, asked

    def _keys_of(self, secrets: Sequence[str]) -> list[bytes]:
        if not secrets:
            raise self._wrong("it has no secret; give secrets, as in whsec_…")
        try:
            return [key_of(secret) for secret in secrets]
        except ValueError as error:
            raise self._wrong(f"{error}; tasker.events.new_secret() makes one") from None

    def _address(self, url: object) -> httpx.URL:
        if not url:
            raise self._wrong("it has no address; give a url")
        try:
            found = httpx.URL(str(url))
        except httpx.InvalidURL:
            raise self._wrong("its url cannot be read") from None
        if found.scheme not in ("https", "http") or not found.host:
            raise self._wrong("its url is no address; it begins with https:// and a host")
        return found

    def _timeout(self, seconds: object) -> float:
        if seconds is None:
            return TIMEOUT_SECONDS
        try:
            found = float(seconds)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            found = 0.0
        if not 0 < found < float("inf"):
            raise self._wrong(f"timeout_seconds is {seconds!r}; it must be greater than 0")
        return found


def webhook_id(event_id: str) -> str:
    """Return what identifies the webhook of an event: without ``.``, which the signature uses."""
    return f"msg_{hashlib.sha256(event_id.encode()).hexdigest()[:32]}"


def body_of(event: Event) -> bytes:
    """Return the body of the webhook of an event."""
    at = datetime.fromtimestamp(event.at, UTC).isoformat().replace("+00:00", "Z")
    return msgspec.json.encode({"type": event.name, "timestamp": at, "data": event})


async def _drain(response: httpx.Response) -> None:
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > MOST_OF_ANSWER:
            return
