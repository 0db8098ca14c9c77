"""Jaeger's query API, as far as it is needed here: services, and traces as JSON.

See https://www.jaegertracing.io/docs/latest/apis/ (the HTTP JSON API of the query service).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tasker.validation.server import AskedServer

NOT_FOUND = 404

_ABSENT = "start Jaeger, or give its query URL by --url or JAEGER_URL"
_STRANGE = "give the URL of the query service (16686 by default), not of the collector"


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
        self._server = AskedServer("Jaeger's query service", url, absent=_ABSENT, strange=_STRANGE)

    @property
    def seconds(self) -> list[float]:
        """How long each answer took."""
        return self._server.seconds

    async def services(self) -> list[str]:
        """Return the names of the services that it knows; raises `CheckFailedError`."""
        path = "/api/services"
        found = await self._get(path)
        if found is None:
            raise self._server.strange(path, "it answered 404")
        return self._server.read(found, list[str] | None, path) or []

    async def trace(self, trace_id: int) -> JaegerTrace | None:
        """Return a trace, None when it has none of this id; raises `CheckFailedError`."""
        path = f"/api/traces/{trace_id:032x}"
        found = await self._get(path)
        traces = self._server.read(found, list[JaegerTrace] | None, path) or []
        return traces[0] if traces else None

    async def find(self, service: str, tags: Mapping[str, str], since: float) -> list[JaegerTrace]:
        """Return the traces of a service that have these tags; raises `CheckFailedError`.

        ``since`` is in Unix seconds.
        """
        path = "/api/traces"
        found = await self._get(
            path,
            service=service,
            tags=json.dumps(dict(tags)),
            start=str(int(since * 1e6)),
            end=str(int((time.time() + 60) * 1e6)),
            limit="100",
        )
        return self._server.read(found, list[JaegerTrace] | None, path) or []

    async def aclose(self) -> None:
        """Close the connections."""
        await self._server.aclose()

    async def _get(self, path: str, **params: str) -> Any:
        """Return ``data`` of an answer, None for what is not found."""
        response = await self._server.get(path, params)
        if response.status_code == NOT_FOUND:
            return None
        if response.is_error:
            raise self._server.refused(response, path)
        answer = self._server.json(response, path)
        if "data" not in answer:
            raise self._server.strange(path, "its answer has no data")
        return answer["data"]


def as_id(text: str) -> int:
    """Return an id as a number: some versions leave out leading zeros."""
    return int(text, 16)
