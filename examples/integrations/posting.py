"""Posting to a service: what its answer means for the event."""

import httpx

from tasker import BaseSubscriber, PermanentError, RetryableError
from tasker.errors import SubscriptionGoneError

TIMEOUT_SECONDS = 10.0
MAY_PASS = (408, 425, 429)


class PostingSubscriber(BaseSubscriber):
    """Posts over one client. Durable: an alert that is lost at a restart is worth nothing."""

    durable = True
    _client: httpx.AsyncClient | None = None

    async def post(self, url: str, body: bytes, **headers: str) -> None:
        """Return when the service has taken it; the delivery deals with what is raised."""
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            answer = await self._client.post(url, content=body, headers=named)
        except httpx.HTTPError as error:
            # Without the address: the one of Slack is itself the secret.
            raise RetryableError(f"{self.name}: {type(error).__name__}") from None
        if answer.is_success:
            return
        told = f"{self.name} answered {answer.status_code}"
        if answer.status_code == 410:
            raise SubscriptionGoneError(told)
        if answer.status_code < 500 and answer.status_code not in MAY_PASS:
            raise PermanentError(told)
        wait = answer.headers.get("retry-after", "")
        raise RetryableError(told, retry_after=float(wait) if wait.isdigit() else None)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None
