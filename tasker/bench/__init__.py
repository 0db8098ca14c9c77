"""Measuring an engine: how many tasks per second, at which latency, and what limits it.

    report = await measure(order, {"items": ["tea"]}, "sqlite:///bench.db")
    print(report.text())

It runs the handlers of the definition for real, as often as it takes, and writes
every task to the store: use a store, and handlers, that may be written to.
"""

from tasker.bench.distribution import Latency, Summary, latency, percentile, summary
from tasker.bench.limits import Evidence, Limit, Observation, judge
from tasker.bench.load import Load, best_load, run_at_rate, run_load
from tasker.bench.machine import Machine, describe_machine
from tasker.bench.measure import measure, measure_request
from tasker.bench.report import Level, Report

__all__ = [
    "Evidence",
    "Latency",
    "Level",
    "Limit",
    "Load",
    "Machine",
    "Observation",
    "Report",
    "Summary",
    "best_load",
    "describe_machine",
    "judge",
    "latency",
    "measure",
    "measure_request",
    "percentile",
    "run_at_rate",
    "run_load",
    "summary",
]
