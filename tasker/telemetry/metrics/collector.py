"""Shows the figures of an engine to Prometheus, when it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import inf

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

import tasker
from tasker.telemetry.metrics import catalog
from tasker.telemetry.metrics.catalog import Instrument
from tasker.telemetry.metrics.commits import MeasuredCommits
from tasker.telemetry.metrics.counting import TaskCounts
from tasker.telemetry.metrics.figures import Figures
from tasker.telemetry.metrics.tallies import Distribution

Sample = tuple[tuple[str, ...], float]


class EngineCollector(Collector):
    """Reads everything at the moment of the scrape, and keeps nothing.

    Register it in a registry of the application's to have the engine's metrics beside its
    own; a second engine is refused there, since their names are the same. It may be read
    from any thread.
    """

    def __init__(
        self, counts: TaskCounts, commits: MeasuredCommits, figures: Callable[[], Figures]
    ) -> None:
        self._counts = counts
        self._commits = commits
        self._figures = figures

    def describe(self) -> Iterable[Metric]:
        """Return the families without samples: what a registry compares names by."""
        return [_family(instrument) for instrument in catalog.INSTRUMENTS]

    def collect(self) -> Iterator[Metric]:
        """Yield each family with its samples."""
        yield from self._of_tasks()
        yield from self._of_steps()
        yield from _of_engine(self._figures())
        yield _numbers(catalog.RECOVERIES, [((), self._counts.recovered)])
        yield _distributions(catalog.COMMIT_SECONDS, [((), self._commits.seconds)])
        yield _distributions(catalog.COMMIT_APPENDS, [((), self._commits.appends)])
        yield _numbers(catalog.BUILD, [((tasker.__version__,), 1)])

    # Copied first: the event loop may add to them while another thread reads.

    def _of_tasks(self) -> Iterator[Metric]:
        tallies = list(self._counts.tasks.items())
        for figure, instrument in catalog.TASK_COUNTERS.items():
            yield _numbers(instrument, [(of, getattr(tally, figure)) for of, tally in tallies])
        yield _distributions(catalog.TASK_SECONDS, [(of, each.duration) for of, each in tallies])

    def _of_steps(self) -> Iterator[Metric]:
        tallies = list(self._counts.steps.items())
        for figure, instrument in catalog.STEP_COUNTERS.items():
            yield _numbers(instrument, [(of, getattr(tally, figure)) for of, tally in tallies])
        yield _distributions(catalog.STEP_SECONDS, [(of, each.duration) for of, each in tallies])
        yield _distributions(catalog.QUEUE_SECONDS, [(of, each.queued) for of, each in tallies])


def _of_engine(now: Figures) -> Iterator[Metric]:
    for instrument, value in (
        (catalog.SUPERVISORS, now.tasks.resident),
        (catalog.SUPERVISORS_LIMIT, now.tasks.limit),
        (catalog.MAILBOX_DEPTH, now.mailboxes.messages),
        (catalog.MAILBOX_DEEPEST, now.mailboxes.most),
        (catalog.PASSIVATIONS, now.tasks.released),
        (catalog.UNRUNNABLE, now.tasks.unrunnable),
        (catalog.JOURNAL_QUEUE, now.journal.queued),
        (catalog.JOURNAL_CAPACITY, now.journal.capacity),
        (catalog.JOURNAL_APPENDS, now.journal.appends),
        (catalog.JOURNAL_COMMITS, now.journal.commits),
        (catalog.JOURNAL_FAILURES, now.journal.failures),
        (catalog.JOURNAL_HEALTHY, now.journal.healthy),
        (catalog.LOOP_LAG, now.loop_lag_seconds),
        (catalog.PERMITS_IN_USE, now.permits.in_use),
        (catalog.PERMITS_LIMIT, now.permits.limit),
        (catalog.PERMITS_WAITING, now.permits.waiting),
        (catalog.STREAM_DROPPED, now.stream_dropped),
    ):
        yield _numbers(instrument, [((), value)])
    changes = now.concurrency
    yield _numbers(catalog.LIMIT_CHANGES, [(("down",), changes.lowered), (("up",), changes.raised)])
    loads = changes.pressure.sources()
    yield _numbers(catalog.PRESSURE, [((source,), load) for source, load in loads.items()])
    yield _numbers(catalog.DROPPED, [((who,), count) for who, count in now.dropped.items()])
    dead = now.dead_lettered.items()
    yield _numbers(catalog.DEAD_LETTERS, [((who,), count) for who, count in dead])
    failures = now.telemetry_failures
    yield _numbers(catalog.TELEMETRY_FAILURES, [((who,), n) for who, n in failures.items()])


def _family(instrument: Instrument) -> Metric:
    name, about, labels = instrument.name, instrument.help, instrument.labels
    if instrument.kind == "counter":
        return CounterMetricFamily(name, about, labels=labels)
    if instrument.kind == "gauge":
        return GaugeMetricFamily(name, about, labels=labels)
    return HistogramMetricFamily(name, about, labels=labels)


def _numbers(instrument: Instrument, samples: Iterable[Sample]) -> Metric:
    family = _family(instrument)
    for labels, value in samples:
        family.add_metric(labels, float(value))  # type: ignore[attr-defined]
    return family


def _distributions(
    instrument: Instrument, samples: Iterable[tuple[tuple[str, ...], Distribution]]
) -> Metric:
    family = HistogramMetricFamily(instrument.name, instrument.help, labels=instrument.labels)
    for labels, values in samples:
        buckets = [(_le(bound), count) for bound, count in values.cumulative()]
        family.add_metric(labels, buckets, values.sum)
    return family


def _le(bound: float) -> str:
    """Return a bound as Prometheus writes it."""
    return "+Inf" if bound == inf else repr(bound)
