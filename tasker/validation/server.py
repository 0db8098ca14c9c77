"""A server that a validator asks by HTTP, and what is wrong when it answers otherwise."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from tasker.telemetry.masking import MaskingRules, text_mask
from tasker.validation.checks import CheckFailedError

REQUEST_SECONDS = 10.0


class AskedServer:
    """Asks a server, and tells of every fault as a check that has failed.

    Args:
        name: What should be there, as a person calls it.
        url: Where it is; user and password in it are sent, and never shown.
        absent: What to do when nobody answers.
        strange: What to do when something else answers.
    """

    def __init__(self, name: str, url: str, *, absent: str, strange: str) -> None:
        self.shown_url = shown(url).rstrip("/")
        self.seconds: list[float] = []
        """How long each answer took."""
        self._name = name
        self._url = url.rstrip("/")
        self._absent = absent
        self._strange = strange
        self._client = httpx.AsyncClient(timeout=REQUEST_SECONDS)

    async def get(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        """Return an answer, whatever its status; raises `CheckFailedError` when there is none."""
        began = time.monotonic()
        try:
            response = await self._client.get(f"{self._url}{path}", params=params)
        except httpx.TimeoutException as failure:
            raise self._away(f"no answer within {REQUEST_SECONDS:g} s") from failure
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise self._away(f"{type(failure).__name__}: {failure}") from failure
        self.seconds.append(time.monotonic() - began)
        return response

    def json(self, response: httpx.Response, path: str) -> dict[str, Any]:
        """Return the JSON object of an answer; raises `CheckFailedError` when it is none."""
        try:
            answer = response.json()
        except ValueError as failure:
            raise self.strange(path, f"its answer is no JSON: {response.text:.80}") from failure
        if not isinstance(answer, dict):
            raise self.strange(path, "its answer has no data")
        return answer

    def read(self, data: Any, kind: Any, path: str) -> Any:
        """Return data as a type; raises `CheckFailedError` when it has another shape."""
        try:
            return msgspec.convert(data, kind)
        except msgspec.ValidationError as failure:
            raise self.strange(path, str(failure)) from failure

    def refused(self, response: httpx.Response, path: str) -> CheckFailedError:
        """Return the failure of an answer that is an error."""
        return self.strange(path, f"it answered {response.status_code}: {response.text:.200}")

    def strange(self, path: str, cause: str) -> CheckFailedError:
        """Return the failure of an answer that is not the server's."""
        return CheckFailedError(
            f"what answers at {self.shown_url}{path} is not {self._name}",
            cause=cause,
            remedy=self._strange,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _away(self, cause: str) -> CheckFailedError:
        return CheckFailedError(
            f"{self._name} at {self.shown_url} cannot be asked", cause=cause, remedy=self._absent
        )


def shown(url: str) -> str:
    """Return a URL without the password that may be in it."""
    return text_mask(MaskingRules()).hide(url)
