"""Whether a Prometheus answers what the dashboard and the alerts ask, and answers right."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping

import anyio.to_thread

from tasker.telemetry.metrics import shipped
from tasker.telemetry.metrics.catalog import BUILD, STEP_SECONDS, TASK_COUNTERS
from tasker.validation.checks import CheckFailedError, Finding
from tasker.validation.prometheus_query import (
    Labels,
    PrometheusQuery,
    QueryRefusedError,
    only,
    selector,
)

CHOICES = {"namespace": TASK_COUNTERS["started"].name, "instance": BUILD.name}
"""The labels that the dashboard offers for choice, and the metrics that it takes them from."""


async def check_queries(query: PrometheusQuery, target: Labels, sums: Mapping[str, int]) -> Finding:
    """Ask all that the dashboard and the alerts ask, and some that has one right answer.

    Args:
        query: Whom to ask.
        target: The labels of what was scraped.
        sums: What the sum of each metric must be.

    Raises:
        CheckFailedError: Something is not answered, or wrong.
    """
    dashboard = await anyio.to_thread.run_sync(shipped.dashboard_queries)
    alerts = await anyio.to_thread.run_sync(shipped.alert_queries)
    known = {f"sum({name}{selector(target)})": count for name, count in sums.items()}
    wrong = [
        *[text async for text in _refused(query, (*dashboard, *alerts))],
        *[text async for text in _wrong_sums(query, known)],
        *[text async for text in _wrong_times(query, target)],
        *[text async for text in _missing_choices(query, target)],
    ]
    if wrong:
        raise CheckFailedError(
            f"{len(wrong)} queries are not answered as they should be",
            cause=wrong[0],
            remedy="see the limits that the server has for queries, and what stands between",
            details=wrong,
        )
    return Finding(
        summary=f"{len(dashboard)} queries of the dashboard and {len(alerts)} of the alerts are "
        f"answered, and {len(known)} sums are right",
        details=tuple(f"{promql} = {answer}" for promql, answer in known.items()),
        facts={"queries": len(dashboard) + len(alerts), "sums": len(known)},
    )


async def _refused(query: PrometheusQuery, asked: tuple[str, ...]) -> AsyncIterator[str]:
    for promql in asked:
        try:
            await query.query(promql)
        except QueryRefusedError as failure:
            yield f"{promql}: {failure.cause}"


async def _wrong_sums(query: PrometheusQuery, known: Mapping[str, int]) -> AsyncIterator[str]:
    for promql, answer in known.items():
        told = only(await query.query(promql))
        if told != answer:
            yield f"{promql} gives {told}, not {answer}"


async def _wrong_times(query: PrometheusQuery, target: Labels) -> AsyncIterator[str]:
    buckets = f"{STEP_SECONDS.name}_bucket{selector(target)}"
    promql = f"histogram_quantile(0.5, sum by (le) ({buckets}))"
    try:
        median = only(await query.query(promql))
    except QueryRefusedError as failure:
        yield f"{promql}: {failure.cause}"
        return
    if median is None or not 0 < median < math.inf:
        yield f"{promql} gives {median}, which is no time"


async def _missing_choices(query: PrometheusQuery, target: Labels) -> AsyncIterator[str]:
    for label, metric in CHOICES.items():
        if not await query.label_values(label, metric + selector(target)):
            yield f"label_values({metric}, {label}) gives nothing"
