"""Why metrics are not in a Prometheus, by what it scrapes and what the endpoint was asked."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from tasker.validation.checks import CheckFailedError
from tasker.validation.prometheus_endpoint import Endpoint
from tasker.validation.prometheus_query import Target

_DROPPED = (
    "see whether it is this Prometheus that scrapes, and what its job drops by "
    "metric_relabel_configs, sample_limit or label_limit"
)


def absence(
    endpoint: Endpoint, targets: Sequence[Target] | None, wait_seconds: float
) -> CheckFailedError:
    """Return the failure to find what the endpoint tells, with its most likely cause.

    Args:
        endpoint: Where the metrics are served.
        targets: What Prometheus scrapes; None when it does not tell.
        wait_seconds: How long they were looked for.
    """
    port = endpoint.port
    ours = [each for each in targets or () if httpx.URL(each.scrapeUrl).port == port]
    cause, remedy = _reason(endpoint, ours, targets)
    return CheckFailedError(
        f"the metrics were not found in Prometheus within {wait_seconds:g} s",
        cause=cause,
        remedy=remedy,
        details=(
            f"{endpoint.url} was scraped {endpoint.scrapes} times",
            *(_line(target) for target in targets or ()),
        ),
    )


def _reason(
    endpoint: Endpoint, ours: Sequence[Target], targets: Sequence[Target] | None
) -> tuple[str, str]:
    """Return cause and remedy."""
    failing = [each for each in ours if each.lastError]
    if failing:
        target = failing[0]
        return (
            f"Prometheus cannot scrape {target.scrapeUrl}: {target.lastError}",
            "set the target right, or have --listen name an address that Prometheus can reach, "
            "such as 0.0.0.0",
        )
    if endpoint.scrapes:
        return f"{endpoint.url} was scraped, but what it told is not there", _DROPPED
    if ours:
        every = ours[0].scrapeInterval
        return (
            f"Prometheus has not scraped {ours[0].scrapeUrl} yet"
            + (f", for it does so every {every}" if every else ""),
            "wait longer by --timeout, or set a shorter scrape_interval for that job",
        )
    job = f"add a job with the target HOST:{endpoint.port} to the scrape_configs of Prometheus"
    if targets is None:
        return f"nobody has scraped {endpoint.url}", job
    return f"none of the {len(targets)} targets of Prometheus has the port {endpoint.port}", job


def _line(target: Target) -> str:
    told = f": {target.lastError}" if target.lastError else ""
    return f"target {target.scrapeUrl} of {target.scrapePool} is {target.health}{told}"
