"""Whether metrics get from an engine to a Prometheus, and are the store's when they are there.

Three workflows are run in an engine in memory, whose metrics are served where Prometheus
scrapes them; what it has afterwards is compared with what the engine's store has.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections import Counter

import anyio

from tasker.engine import Engine
from tasker.telemetry.metrics.catalog import STEP, STEP_SECONDS
from tasker.validation import prometheus_counts as counts
from tasker.validation.checks import CheckFailedError, Finding, Report, Step, run_checks, until
from tasker.validation.prometheus_absence import absence
from tasker.validation.prometheus_endpoint import FINISHED, Endpoint
from tasker.validation.prometheus_query import (
    PrometheusQuery,
    Series,
    only,
    selector,
)
from tasker.validation.promql import check_queries
from tasker.validation.server import shown
from tasker.validation.workflows import Executed, definitions, finding, run_patterns

HOST = "127.0.0.1"
PORT = 9464
"""Where OpenTelemetry's Prometheus exporters listen by default, too."""
WAIT_SECONDS = 90.0
"""Longer than the minute that Prometheus takes between scrapes by default."""
ROUNDS = 3
SLACK = 0.01
"""By how much the sum of the steps' times may differ from the store's."""


async def validate_prometheus(
    url: str, *, host: str = HOST, port: int = PORT, wait_seconds: float = WAIT_SECONDS
) -> Report:
    """Run workflows, have their metrics scraped, and compare; return the report.

    Args:
        url: Prometheus, as in ``http://localhost:9090``.
        host: The address to serve the metrics at; ``0.0.0.0`` for all of this machine.
        port: The port, which Prometheus has to scrape.
        wait_seconds: How long to wait for it to have done so.
    """
    run = uuid.uuid4().hex
    async with Engine.open("memory://", definitions=definitions()) as engine:
        endpoint = Endpoint(engine.metrics, run, host, port)
        validation = _Validation(url, engine, endpoint, run, wait_seconds)
        try:
            return await run_checks(
                "Prometheus",
                shown(url),
                [
                    Step(name="connection", check=validation.connection),
                    Step(name="endpoint", check=endpoint.open),
                    Step(name="execution", check=validation.execution, needs=("endpoint",)),
                    Step(
                        name="collection",
                        check=validation.collection,
                        needs=("connection", "execution"),
                    ),
                    Step(name="queries", check=validation.queries, needs=("collection",)),
                    Step(name="performance", check=validation.performance, needs=("collection",)),
                ],
                settings={"endpoint": endpoint.url, "wait_seconds": wait_seconds},
            )
        finally:
            with anyio.CancelScope(shield=True):
                await validation.aclose()
                await endpoint.aclose()


class _Validation:
    """The checks, and what they hand on to each other."""

    def __init__(
        self, url: str, engine: Engine, endpoint: Endpoint, run: str, wait_seconds: float
    ) -> None:
        self._query = PrometheusQuery(url)
        self._engine = engine
        self._endpoint = endpoint
        self._run = run
        self._wait = wait_seconds
        self._executed: list[Executed] = []
        self._counts: dict[counts.Key, int] = {}
        self._target: dict[str, str] = {}
        """The labels that Prometheus gives to what it scrapes from here."""
        self._visible_seconds = 0.0

    async def connection(self) -> Finding:
        """Whether Prometheus answers queries."""
        if only(await self._query.query("sum(vector(1))")) != 1:
            raise CheckFailedError(
                "Prometheus does not know what 1 is",
                cause="it answers queries, but not as PromQL",
                remedy="give the URL of a server with Prometheus's query API",
            )
        version = await self._query.version()
        return Finding(
            summary=f"Prometheus {version or 'of an unknown version'} answers queries",
            facts={"version": version},
        )

    async def execution(self) -> Finding:
        """Whether the workflows complete."""
        for _ in range(ROUNDS):
            self._executed += await run_patterns(self._engine, f"validation-{self._run}")
        self._counts = await counts.counts_of(self._engine, [e.task_id for e in self._executed])
        self._endpoint.finish()
        found = finding(self._executed)
        return Finding(
            summary=found.summary,
            details=found.details,
            facts={"tasks": len(self._executed), "steps": found.facts["steps"]},
        )

    async def collection(self) -> Finding:
        """Whether Prometheus has what the store has."""
        began = time.monotonic()

        async def look() -> bool:
            found = await self._query.query(selector({"run": self._run}, FINISHED))
            if any(series.number == 1 for series in found):
                labels = next(series.labels for series in found if series.number == 1)
                self._target = {k: v for k, v in labels.items() if k not in ("__name__", "run")}
            return bool(self._target)

        if not await until(look, self._wait):
            raise absence(self._endpoint, await self._query.targets(), self._wait)
        self._visible_seconds = time.monotonic() - began
        wanted = selector(self._target, *self._sums())
        found = await self._query.query(wanted)
        wrong = counts.differences(self._counts, found)
        if wrong:
            raise _mismatch(wrong, found)
        return Finding(
            summary=f"all {len(self._counts)} counts are in Prometheus as they are in the store",
            details=(
                *(f"label of the target: {name}={value}" for name, value in self._target.items()),
                *(f"{name}: {count}" for name, count in self._sums().items()),
            ),
            facts={"counts": len(self._counts), "target": self._target},
        )

    async def queries(self) -> Finding:
        """Whether what dashboard and alerts ask is answered, and known answers are right."""
        return await check_queries(self._query, self._target, self._sums())

    async def performance(self) -> Finding:
        """Whether the times are the store's, and how long Prometheus took."""
        took = only(
            await self._query.query(f"sum({STEP_SECONDS.name}_sum{selector(self._target)})")
        )
        steps = self._sums()["tasker_steps_completed_total"]
        true = await self._step_seconds()
        if took is None or abs(took - true) > SLACK * true:
            raise CheckFailedError(
                f"the steps took {took} s by Prometheus, and {true:.4f} s by the store",
                cause="the sum of tasker_step_duration_seconds was lost or changed on the way",
                remedy="see what rules relabel the target's metrics",
            )
        step_ms = took / steps * 1000
        query_ms = statistics.median(self._query.seconds) * 1000
        scraped = {
            "scrape_seconds": await self._of_target("scrape_duration_seconds"),
            "scraped_samples": await self._of_target("scrape_samples_scraped"),
        }
        facts = {
            "average_step_ms": round(step_ms, 3),
            "visible_seconds": round(self._visible_seconds, 3),
            "median_query_ms": round(query_ms, 3),
            **{name: value for name, value in scraped.items() if value is not None},
        }
        return Finding(
            summary=f"a step took {step_ms:.1f} ms on average, metrics were found after "
            f"{self._visible_seconds:.1f} s, a query took {query_ms:.0f} ms",
            details=tuple(f"{name}: {value}" for name, value in facts.items()),
            facts=facts,
        )

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._query.aclose()

    def _sums(self) -> dict[str, int]:
        """Return the sum over all series of each metric, by the store."""
        sums: Counter[str] = Counter()
        for key, count in self._counts.items():
            sums[key[0]] += count
        return dict(sorted(sums.items()))

    async def _of_target(self, metric: str) -> float | None:
        return only(await self._query.query(metric + selector(self._target)))

    async def _step_seconds(self) -> float:
        """Return the seconds of all attempts together, by the store."""
        tasks = [await self._engine.get(each.task_id) for each in self._executed]
        return sum(
            (step.ended_at - step.started_at).total_seconds()
            for task in tasks
            for step in task.steps
            if step.started_at is not None and step.ended_at is not None
        )


def _mismatch(wrong: list[str], found: list[Series]) -> CheckFailedError:
    cause = wrong[0]
    remedy = "see what rules under metric_relabel_configs do to the target's metrics"
    labels = {label for series in found for label in series.labels}
    taken = [label for label in STEP if f"exported_{label}" in labels]
    if taken:
        cause = (
            f"the target has a label {' and a label '.join(taken)} of its own, which takes the "
            "place of the metrics'"
        )
        remedy = "set honor_labels: true for the job, or give the target's label another name"
    return CheckFailedError(
        f"{len(wrong)} counts in Prometheus are not those of the store",
        cause=cause,
        remedy=remedy,
        details=wrong,
    )
