"""What exporters get: every series of one moment, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from prometheus_client import Metric

_BUCKET, _COUNT, _SUM = "_bucket", "_count", "_sum"


class Series(Struct, frozen=True, kw_only=True):
    """One metric with one set of labels.

    ``type`` is ``counter``, ``gauge`` or ``histogram``. A histogram has no ``value``, but a
    ``count``, a ``sum`` and ``buckets``: by upper bound, as Prometheus writes it, how many
    values were not above it.
    """

    name: str
    type: str
    labels: dict[str, str]
    help: str
    value: float | None = None
    count: int | None = None
    sum: float | None = None
    buckets: dict[str, int] | None = None


class MetricsData(Struct, frozen=True, kw_only=True):
    """The series of one moment; ``timestamp`` in Unix seconds."""

    timestamp: float
    metrics: tuple[Series, ...]


def data_of(families: Iterable[Metric], timestamp: float) -> MetricsData:
    """Return what a registry collected, as plain data."""
    return MetricsData(
        timestamp=timestamp,
        metrics=tuple(series for family in families for series in _series(family)),
    )


def _series(family: Metric) -> Iterator[Series]:
    if family.type == "histogram":
        yield from _histograms(family)
        return
    for sample in family.samples:
        yield Series(
            name=sample.name,
            type=family.type,
            labels=dict(sample.labels),
            help=family.documentation,
            value=sample.value,
        )


def _histograms(family: Metric) -> Iterator[Series]:
    """Put the samples of a histogram together again, by their labels."""
    buckets: dict[tuple[tuple[str, str], ...], dict[str, int]] = {}
    counts: dict[tuple[tuple[str, str], ...], int] = {}
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in family.samples:
        labels = tuple((name, value) for name, value in sample.labels.items() if name != "le")
        if sample.name.endswith(_BUCKET):
            buckets.setdefault(labels, {})[sample.labels["le"]] = int(sample.value)
        elif sample.name.endswith(_COUNT):
            counts[labels] = int(sample.value)
        elif sample.name.endswith(_SUM):
            sums[labels] = sample.value
    for labels, filled in buckets.items():
        yield Series(
            name=family.name,
            type=family.type,
            labels=dict(labels),
            help=family.documentation,
            count=counts.get(labels, 0),
            sum=sums.get(labels, 0.0),
            buckets=filled,
        )
