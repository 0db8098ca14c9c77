"""Serves the metrics of an engine while it is validated, and knows how often it was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from threading import Thread
from wsgiref.simple_server import WSGIServer

import anyio.to_thread
import httpx
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tasker.telemetry.metrics.catalog import INSTRUMENTS
from tasker.telemetry.metrics.metrics import Metrics
from tasker.validation.checks import CheckFailedError, Finding

FINISHED = "tasker_validation_finished"
"""1 once the workflows are at their end: whoever has that has their final counts."""
SCRAPE_SECONDS = 10.0
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_REMEDY = "give another address by --listen: one of this machine's that Prometheus can reach"


class Endpoint:
    """An HTTP server with the metrics of one engine, in threads.

    Args:
        metrics: The engine's.
        run: What tells this validation from every other.
        host: The address to listen at; ``0.0.0.0`` for all of them.
        port: The port.
    """

    def __init__(self, metrics: Metrics, run: str, host: str, port: int) -> None:
        self.url = _url(host, port)
        self.port = port
        self._host = host
        self._mark = _Mark(run)
        self._own_scrapes = 0
        self._registry = CollectorRegistry()
        # The first in every scrape: when it is 1, whatever is read after it is final.
        self._registry.register(self._mark)
        self._registry.register(metrics.collector)
        self._serving: tuple[WSGIServer, Thread] | None = None

    @property
    def scrapes(self) -> int:
        """How often others have asked."""
        return self._mark.scrapes - self._own_scrapes

    def finish(self) -> None:
        """Tell from now on that all counts are final."""
        self._mark.is_finished = True

    async def open(self) -> Finding:
        """Serve, and look whether every metric is told; raises `CheckFailedError`."""
        start = partial(start_http_server, self.port, self._host, self._registry)
        try:
            self._serving = await anyio.to_thread.run_sync(start)
        except (OSError, OverflowError) as failure:
            raise CheckFailedError(
                f"metrics cannot be served at {self.url}",
                cause=f"{type(failure).__name__}: {failure}",
                remedy=_REMEDY,
            ) from failure
        text = await self._scrape()
        missing = [
            each.name for each in INSTRUMENTS if f"# TYPE {each.name} {each.kind}\n" not in text
        ]
        if missing:
            raise CheckFailedError(
                f"{len(missing)} metrics are not served at {self.url}",
                cause=f"what answers there does not tell of {missing[0]}",
                remedy=_REMEDY,
                details=missing,
            )
        return Finding(
            summary=f"{len(INSTRUMENTS)} metrics are served at {self.url}",
            details=tuple(f"{each.name}: {each.kind}" for each in INSTRUMENTS),
            facts={"metrics": len(INSTRUMENTS), "bytes": len(text)},
        )

    async def aclose(self) -> None:
        """Serve no more."""
        if self._serving is not None:
            server, thread = self._serving
            await anyio.to_thread.run_sync(server.shutdown)
            server.server_close()
            await anyio.to_thread.run_sync(thread.join)

    async def _scrape(self) -> str:
        self._own_scrapes += 1
        url = _url(_LOOPBACK.get(self._host, self._host), self.port)
        try:
            # The environment's proxy is not for a server in this process.
            async with httpx.AsyncClient(timeout=SCRAPE_SECONDS, trust_env=False) as client:
                answer = (await client.get(url)).raise_for_status()
        except httpx.HTTPError as failure:
            raise CheckFailedError(
                f"the metrics at {url} cannot be read",
                cause=f"{type(failure).__name__}: {failure}",
                remedy=_REMEDY,
            ) from failure
        return answer.text


class _Mark(Collector):
    """Tells whether the workflows are at their end, and counts how often it was asked."""

    def __init__(self, run: str) -> None:
        self.is_finished = False
        self.scrapes = 0
        self._run = run

    def describe(self) -> Iterable[Metric]:
        return [self._family()]

    def collect(self) -> Iterator[Metric]:
        self.scrapes += 1
        family = self._family()
        family.add_metric((self._run,), float(self.is_finished))
        yield family

    def _family(self) -> GaugeMetricFamily:
        text = "1 when the workflows of this validation are at their end."
        return GaugeMetricFamily(FINISHED, text, labels=("run",))


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"
