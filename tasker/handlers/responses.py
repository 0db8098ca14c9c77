"""HTTP responses as results, and as facts of an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from tasker.errors import PermanentError, RetryableError
from tasker.telemetry.masking import Masker

KEPT_HEADERS = ("content-type", "etag", "location", "retry-after", "x-request-id")
EXCERPT = 200  # characters of a body in an error's message
BODY_IN_ERRORS = 2048  # characters, in its context

_LONGEST_SECRET = 16_384  # bytes

_TEXT_TYPES = (
    *("text/", "application/xml", "application/x-www-form-urlencoded"),
    *("application/javascript", "application/yaml", "application/graphql"),
)
_BOM = b"\xef\xbb\xbf"


class Answer(Struct, frozen=True, kw_only=True):
    """What ``process`` of an API step returned: a response, or a mapping like one.

    ``body`` is of a mapping, ``response`` None then; header names are in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: Any = None
    response: httpx.Response | None = None

    @classmethod
    def of(cls, output: Any) -> Answer | None:
        """Return what an output says, or None when it is no response."""
        if isinstance(output, httpx.Response):
            return cls.of_response(output)
        if not isinstance(output, Mapping) or "status" not in output:
            return None
        try:
            status = int(output["status"])
        except (TypeError, ValueError):
            return None
        headers = output.get("headers") or {}
        lowered = {str(key).lower(): str(value) for key, value in dict(headers).items()}
        return cls(status=status, headers=lowered, body=output.get("body"))

    @classmethod
    def of_response(cls, response: httpx.Response) -> Answer:
        """Return what a response says."""
        return cls(status=response.status_code, headers=dict(response.headers), response=response)

    @property
    def place(self) -> str:
        """Method and URL, for errors."""
        if self.response is None:
            return "the call"
        try:
            facts = request_facts(self.response.request)
        except RuntimeError:
            return "the call"
        return f"{facts['method']} {facts['url']}"

    def results(self, more_headers: Sequence[str], masker: Masker) -> dict[str, Any]:
        """Return the results of a step.

        Raises:
            RetryableError: The body should be JSON and is not.
            PermanentError: The body is neither JSON nor text.
        """
        return {
            "status": self.status,
            "headers": self._kept(more_headers),
            "body": self.body if self.response is None else _decoded(self.response, masker),
        }

    def context(self, more_headers: Sequence[str], masker: Masker) -> dict[str, Any]:
        """Return what an error should tell of it."""
        facts: dict[str, Any] = {}
        if self.response is not None:
            with suppress(RuntimeError):  # a response made by hand has no request
                facts = request_facts(self.response.request)
        facts |= {"status": self.status, "headers": self._kept(more_headers)}
        if body := self.excerpt(BODY_IN_ERRORS, masker):
            facts["body"] = body
        return facts

    def excerpt(self, size: int, masker: Masker) -> str:
        """Return the start of the body as text, without secrets."""
        if self.response is None:
            body = self.body if isinstance(self.body, bytes | str | None) else repr(self.body)
            data = body if isinstance(body, bytes) else (body or "").encode()
        else:
            try:
                data = self.response.content
            except httpx.StreamError:
                return ""  # it was streamed, and is used up or was not read
        return _start(data, size, masker)

    def _kept(self, more_headers: Sequence[str]) -> dict[str, str]:
        names = dict.fromkeys((*KEPT_HEADERS, *(name.lower() for name in more_headers)))
        return {name: self.headers[name] for name in names if name in self.headers}


def request_facts(request: httpx.Request) -> dict[str, Any]:
    """Return method and URL, without the parts of the URL that may hold secrets."""
    url = request.url.copy_with(userinfo=b"", query=None, fragment=None)
    return {"method": request.method, "url": str(url)}


def _decoded(response: httpx.Response, masker: Masker) -> Any:
    content = response.content
    if not content:
        return None
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return msgspec.json.decode(content.removeprefix(_BOM))
        except msgspec.DecodeError as error:
            start = _start(content, EXCERPT, masker)
            raise RetryableError(
                f"the response says {kind}, but its body is not JSON ({error}): {start}",
                context={"status": response.status_code, "content_type": kind, "body": start},
            ) from error
    if kind.startswith(_TEXT_TYPES) or kind.endswith("+xml") or response.charset_encoding:
        return response.text
    if not kind:
        try:
            return content.decode()
        except UnicodeDecodeError:
            pass
    raise PermanentError(
        f"the response is {len(content):,} bytes of {kind or 'an unnamed type'}, which results "
        "cannot hold; override process_results to keep it elsewhere, and return a reference"
    )


def _start(data: bytes, size: int, masker: Masker) -> str:
    # Masked before it is cut: half a secret would not be found.
    return masker.text(data[: size + _LONGEST_SECRET].decode("utf-8", "replace"))[:size]
