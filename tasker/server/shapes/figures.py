"""Figures over many tasks, as they are answered."""

from __future__ import annotations

from msgspec import Struct

from tasker.reading import TaskQuery
from tasker.statistics.figures import Activity, Performance, Statistics


class Scope(Struct, frozen=True, kw_only=True):
    """Which tasks the figures are of; None for any."""

    namespace: str | None
    name: str | None
    version: str | None

    @classmethod
    def of(cls, where: TaskQuery) -> Scope:
        """Return what a query says of it."""
        return cls(namespace=where.namespace, name=where.name, version=where.version)


class BottleneckReport(Struct, frozen=True, kw_only=True):
    """The figures of the tasks created in the latest hours, and which tasks those are."""

    scope: Scope
    analysis_period_hours: float
    statistics: Statistics


class PerformanceReport(Struct, frozen=True, kw_only=True):
    """How it goes now and went lately, and of which tasks."""

    scope: Scope
    performance: Performance


class StatisticsReport(Struct, frozen=True, kw_only=True):
    """The figures of the tasks that were asked for."""

    statistics: Statistics


class ActivityReport(Struct, frozen=True, kw_only=True):
    """What happened lately, slice by slice, and to which tasks."""

    scope: Scope
    activity: Activity
