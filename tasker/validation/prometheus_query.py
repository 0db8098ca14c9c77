"""Prometheus's query API, as far as it is needed here.

See https://prometheus.io/docs/prometheus/latest/querying/api/. Servers with the same API,
such as Thanos, Mimir and VictoriaMetrics, may have no targets to tell of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from tasker.validation.checks import CheckFailedError
from tasker.validation.server import AskedServer

Labels = Mapping[str, str]

_ABSENT = "start Prometheus, or give its URL by --url or PROMETHEUS_URL"
_STRANGE = (
    "give the URL of Prometheus itself (9090 by default), with its path where it has one, and "
    "with credentials as in http://user:password@host where it asks for them"
)


class Series(Struct, frozen=True):
    """A series at one moment: its labels, its name among them, and its value."""

    labels: dict[str, str]
    number: float


class Sample(Struct, frozen=True):
    """A series as it is answered. ``value`` is Unix seconds, and a number as text."""

    metric: dict[str, str]
    value: tuple[float, str]


class Vector(Struct, frozen=True, tag_field="resultType", tag="vector"):
    """The answer to a query."""

    result: list[Sample]


class Target(Struct, frozen=True):
    """Something that is scraped. ``lastError`` is empty when the last scrape succeeded."""

    scrapeUrl: str
    scrapePool: str = ""
    health: str = ""
    lastError: str = ""
    scrapeInterval: str = ""


class Targets(Struct, frozen=True):
    """What is scraped."""

    activeTargets: list[Target] = field(default_factory=list)


class QueryRefusedError(CheckFailedError):
    """The server did not answer a query."""


class PrometheusQuery:
    """Asks a Prometheus.

    Args:
        url: Where it is, as in ``http://localhost:9090``.
    """

    def __init__(self, url: str) -> None:
        self._server = AskedServer("Prometheus", url, absent=_ABSENT, strange=_STRANGE)

    @property
    def seconds(self) -> list[float]:
        """How long each answer took."""
        return self._server.seconds

    async def version(self) -> str | None:
        """Return its version, None when it tells of none; raises `CheckFailedError`."""
        data = await self._optional("/api/v1/status/buildinfo")
        version = data.get("version") if isinstance(data, dict) else None
        return version if isinstance(version, str) else None

    async def query(self, promql: str) -> list[Series]:
        """Return the series that a query gives now.

        Raises:
            QueryRefusedError: It is not answered.
            CheckFailedError: There is no Prometheus.
        """
        path = "/api/v1/query"
        data = await self._get(path, {"query": promql}, promql)
        found: Vector = self._server.read(data, Vector, path)
        return [self._series(each, path) for each in found.result]

    async def label_values(self, label: str, metric: str) -> list[str]:
        """Return the values that a label has in a metric; raises `CheckFailedError`."""
        path = f"/api/v1/label/{label}/values"
        data = await self._get(path, {"match[]": metric}, f"label_values({metric}, {label})")
        found: list[str] = self._server.read(data, list[str], path)
        return found

    async def targets(self) -> list[Target] | None:
        """Return what it scrapes, None when it does not tell; raises `CheckFailedError`."""
        path = "/api/v1/targets"
        data = await self._optional(path, state="active")
        if data is None:
            return None
        found: Targets = self._server.read(data, Targets, path)
        return found.activeTargets

    async def aclose(self) -> None:
        """Close the connections."""
        await self._server.aclose()

    async def _get(self, path: str, params: Mapping[str, str], what: str) -> Any:
        response = await self._server.get(path, params)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if isinstance(answer, dict) and answer.get("status") == "error":
            raise QueryRefusedError(
                f"Prometheus does not answer {what}",
                cause=f"{answer.get('errorType')}: {answer.get('error')}",
                remedy="see whether its version is one of the last years, and the limits on its "
                "queries",
            )
        if response.is_error:
            raise self._server.refused(response, path)
        whole = self._server.json(response, path)
        if whole.get("status") != "success" or "data" not in whole:
            raise self._server.strange(path, "its answer has no data")
        return whole["data"]

    def _series(self, sample: Sample, path: str) -> Series:
        try:
            return Series(labels=sample.metric, number=float(sample.value[1]))
        except ValueError as failure:
            raise self._server.strange(path, str(failure)) from failure

    async def _optional(self, path: str, **params: str) -> Any:
        """Return ``data`` of an answer, None where the server has nothing of the kind."""
        response = await self._server.get(path, params)
        if response.is_error:
            return None
        return self._server.json(response, path).get("data")


def selector(labels: Labels, *names: str) -> str:
    """Return what selects the series that have these labels, and one of these names."""
    wanted = [f"{label}={json.dumps(text, ensure_ascii=False)}" for label, text in labels.items()]
    if names:
        wanted.append(f'__name__=~"{"|".join(names)}"')
    return "{" + ", ".join(wanted) + "}"


def only(found: Sequence[Series]) -> float | None:
    """Return the number of the only series, None when there is none, or several."""
    return found[0].number if len(found) == 1 else None
