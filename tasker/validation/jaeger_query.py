"""Jaeger's query API, as far as it is needed here: services, and traces as JSON.

See https://www.jaegertracing.io/docs/latest/apis/ (the HTTP JSON API of the query service).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from tasker.validation.checks import CheckFailedError

REQUEST_SECONDS = 10.0
NOT_FOUND = 404

_REMEDY = "start Jaeger, or give its query URL by --url or JAEGER_URL"


class Reference(Struct, frozen=True):
    """What a span refers to: ``CHILD_OF`` its parent, ``FOLLOWS_FROM`` what it is linked with."""

    refType: str
    traceID: str
    spanID: str


class Tag(Struct, frozen=True):
    """A tag: what OpenTelemetry calls an attribute."""

    key: str
    value: Any = None


class JaegerSpan(Struct, frozen=True):
    """A span. ``startTime`` is in microseconds since 1970, ``duration`` in microseconds."""

    traceID: str
    spanID: str
    operationName: str
    startTime: int
    duration: int
    references: tuple[Reference, ...] | None = None
    tags: tuple[Tag, ...] | None = None

    @property
    def end(self) -> int:
        """When it ended, in microseconds since 1970."""
        return self.startTime + self.duration

    @property
    def parent(self) -> int | None:
        """The id of its parent in the same trace."""
        for each in self.references or ():
            if each.refType == "CHILD_OF" and as_id(each.traceID) == as_id(self.traceID):
                return as_id(each.spanID)
        return None

    @property
    def links(self) -> set[tuple[int, int]]:
        """Trace and span ids of what it is linked with."""
        return {
            (as_id(each.traceID), as_id(each.spanID))
            for each in self.references or ()
            if each.refType == "FOLLOWS_FROM"
        }

    def tag(self, key: str) -> Any:
        """Return the value of a tag, None when there is none."""
        return next((each.value for each in self.tags or () if each.key == key), None)


class JaegerTrace(Struct, frozen=True):
    """A trace."""

    traceID: str
    spans: tuple[JaegerSpan, ...]


class JaegerQuery:
    """Asks a Jaeger's query service.

    Args:
        url: Where it is, as in ``http://localhost:16686``.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.seconds: list[float] = []
        """How long each answer took."""
        self._client = httpx.AsyncClient(base_url=self.url, timeout=REQUEST_SECONDS)

    async def services(self) -> list[str]:
        """Return the names of the services that it knows; raises `CheckFailedError`."""
        found = await self._get("/api/services")
        if found is None:
            raise self._strange("/api/services", "it answered 404")
        return self._read(found, list[str] | None, "/api/services") or []

    async def trace(self, trace_id: int) -> JaegerTrace | None:
        """Return a trace, None when it has none of this id; raises `CheckFailedError`."""
        path = f"/api/traces/{trace_id:032x}"
        found = await self._get(path)
        traces = self._read(found, list[JaegerTrace] | None, path) or []
        return traces[0] if traces else None

    async def find(self, service: str, tags: Mapping[str, str], since: float) -> list[JaegerTrace]:
        """Return the traces of a service that have these tags; raises `CheckFailedError`.

        ``since`` is in Unix seconds.
        """
        found = await self._get(
            "/api/traces",
            service=service,
            tags=json.dumps(dict(tags)),
            start=str(int(since * 1e6)),
            end=str(int((time.time() + 60) * 1e6)),
            limit="100",
        )
        return self._read(found, list[JaegerTrace] | None, "/api/traces") or []

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _get(self, path: str, **params: str) -> Any:
        """Return ``data`` of an answer, None for what is not found."""
        began = time.monotonic()
        try:
            response = await self._client.get(path, params=params)
        except httpx.TimeoutException as failure:
            raise self._away(f"no answer within {REQUEST_SECONDS:g} s") from failure
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise self._away(f"{type(failure).__name__}: {failure}") from failure
        self.seconds.append(time.monotonic() - began)
        if response.status_code == NOT_FOUND:
            return None
        if response.is_error:
            raise self._strange(path, f"it answered {response.status_code}: {response.text:.200}")
        try:
            answer = response.json()
        except ValueError as failure:
            raise self._strange(path, f"its answer is no JSON: {response.text:.80}") from failure
        if not isinstance(answer, dict) or "data" not in answer:
            raise self._strange(path, "its answer has no data")
        return answer["data"]

    def _read(self, data: Any, kind: Any, path: str) -> Any:
        try:
            return msgspec.convert(data, kind)
        except msgspec.ValidationError as failure:
            raise self._strange(path, str(failure)) from failure

    def _away(self, cause: str) -> CheckFailedError:
        return CheckFailedError(
            f"Jaeger at {self.url} cannot be asked", cause=cause, remedy=_REMEDY
        )

    def _strange(self, path: str, cause: str) -> CheckFailedError:
        return CheckFailedError(
            f"what answers at {self.url}{path} is not Jaeger's query service",
            cause=cause,
            remedy="give the URL of the query service (16686 by default), not of the collector",
        )


def as_id(text: str) -> int:
    """Return an id as a number: some versions leave out leading zeros."""
    return int(text, 16)
