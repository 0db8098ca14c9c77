"""Figures over many tasks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, Parameter
from msgspec.structs import replace

from tasker.server.answering import guarded
from tasker.server.routes.filters import Tasks
from tasker.server.shapes.figures import (
    ActivityReport,
    BottleneckReport,
    PerformanceReport,
    Scope,
    StatisticsReport,
)
from tasker.server.sidecar import Sidecar

MOST_HOURS = 24 * 366
MOST_SLICES = 500


@get(
    "/analytics/performance",
    operation_id="getPerformance",
    tags=["analytics"],
    summary="How it goes now, and went lately",
    **guarded("tasker.analytics:index", 422),
)
async def performance(
    sidecar: NamedDependency[Sidecar],
    whenever: NamedDependency[Tasks],
) -> PerformanceReport:
    """Return throughput, rates and durations of the last hour, four hours and day."""
    performance = await sidecar.engine.performance(whenever)
    return PerformanceReport(scope=Scope.of(whenever), performance=performance)


@get(
    "/analytics/activity",
    operation_id="getActivity",
    tags=["analytics"],
    summary="What happened lately, slice by slice",
    **guarded("tasker.analytics:index", 422),
)
async def activity(
    *,
    sidecar: NamedDependency[Sidecar],
    whenever: NamedDependency[Tasks],
    period: FromQuery[Annotated[float, Parameter(gt=0, le=MOST_HOURS)]] = 1.0,
    slices: FromQuery[Annotated[int, Parameter(ge=1, le=MOST_SLICES)]] = 60,
) -> ActivityReport:
    """Return how many of the tasks of the last `period` hours began and ended in each slice."""
    return ActivityReport(
        scope=Scope.of(whenever),
        activity=await sidecar.engine.activity(whenever, hours=period, slices=slices),
    )


@get(
    "/analytics/bottlenecks",
    operation_id="getBottlenecks",
    tags=["analytics"],
    summary="What is slow, what fails, what others wait for",
    **guarded("tasker.analytics:index", 422),
)
async def bottlenecks(
    *,
    sidecar: NamedDependency[Sidecar],
    whenever: NamedDependency[Tasks],
    period: FromQuery[Annotated[float, Parameter(gt=0, le=MOST_HOURS)]] = 24.0,
    top: FromQuery[Annotated[int, Parameter(ge=1, le=100)]] = 10,
) -> BottleneckReport:
    """Return the figures of the tasks that were created in the last `period` hours."""
    until = datetime.fromtimestamp(sidecar.engine.live().at, UTC)
    where = replace(whenever, created_from=until - timedelta(hours=period))
    return BottleneckReport(
        scope=Scope.of(whenever),
        analysis_period_hours=period,
        statistics=await sidecar.engine.statistics(where, top=top),
    )


@get(
    "/analytics/statistics",
    operation_id="getStatistics",
    tags=["analytics"],
    summary="The figures of some tasks",
    **guarded("tasker.analytics:index", 422),
)
async def statistics(
    *,
    sidecar: NamedDependency[Sidecar],
    chosen: NamedDependency[Tasks],
    top: FromQuery[Annotated[int, Parameter(ge=1, le=1_000)]] = 10,
) -> StatisticsReport:
    """Return the figures of the tasks for which every filter holds, as in the list of tasks."""
    return StatisticsReport(statistics=await sidecar.engine.statistics(chosen, top=top))


ROUTES = (performance, activity, bottlenecks, statistics)
