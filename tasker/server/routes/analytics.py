"""Figures over many tasks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, Parameter

from tasker.reading import TaskQuery
from tasker.server.answering import InstantText, guarded
from tasker.server.headers import aware_instant
from tasker.server.shapes.figures import (
    ActivityReport,
    BottleneckReport,
    PerformanceReport,
    Scope,
    StatisticsReport,
)
from tasker.server.sidecar import Sidecar
from tasker.stores.records import TaskState

MOST_HOURS = 24 * 366
MOST_SLICES = 500
Text = Annotated[str | None, Parameter(max_length=255, required=False)]


@get(
    "/analytics/performance",
    operation_id="getPerformance",
    tags=["analytics"],
    summary="How it goes now, and went lately",
    **guarded("tasker.analytics:index", 422),
)
async def performance(
    sidecar: NamedDependency[Sidecar],
    namespace: FromQuery[Text] = None,
    name: FromQuery[Text] = None,
    version: FromQuery[Text] = None,
) -> PerformanceReport:
    """Return throughput, rates and durations of the last hour, four hours and day."""
    scope = Scope(namespace=namespace, name=name, version=version)
    where = TaskQuery(namespace=namespace, name=name, version=version)
    return PerformanceReport(scope=scope, performance=await sidecar.engine.performance(where))


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
    namespace: FromQuery[Text] = None,
    name: FromQuery[Text] = None,
    version: FromQuery[Text] = None,
    period: FromQuery[Annotated[float, Parameter(gt=0, le=MOST_HOURS)]] = 1.0,
    slices: FromQuery[Annotated[int, Parameter(ge=1, le=MOST_SLICES)]] = 60,
) -> ActivityReport:
    """Return how many of the tasks of the last `period` hours began and ended in each slice."""
    where = TaskQuery(namespace=namespace, name=name, version=version)
    return ActivityReport(
        scope=Scope(namespace=namespace, name=name, version=version),
        activity=await sidecar.engine.activity(where, hours=period, slices=slices),
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
    namespace: FromQuery[Text] = None,
    name: FromQuery[Text] = None,
    version: FromQuery[Text] = None,
    period: FromQuery[Annotated[float, Parameter(gt=0, le=MOST_HOURS)]] = 24.0,
    top: FromQuery[Annotated[int, Parameter(ge=1, le=100)]] = 10,
) -> BottleneckReport:
    """Return the figures of the tasks that were created in the last `period` hours."""
    until = datetime.fromtimestamp(sidecar.engine.live().at, UTC)
    where = TaskQuery(
        namespace=namespace,
        name=name,
        version=version,
        created_from=until - timedelta(hours=period),
    )
    return BottleneckReport(
        scope=Scope(namespace=namespace, name=name, version=version),
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
    namespace: FromQuery[Text] = None,
    name: FromQuery[Text] = None,
    version: FromQuery[Text] = None,
    status: FromQuery[Annotated[tuple[TaskState, ...], Parameter(required=False)]] = (),
    tag: FromQuery[Annotated[tuple[str, ...], Parameter(required=False, max_items=100)]] = (),
    created_from: FromQuery[InstantText] = None,
    created_until: FromQuery[InstantText] = None,
    top: FromQuery[Annotated[int, Parameter(ge=1, le=1_000)]] = 10,
) -> StatisticsReport:
    """Return the figures of the tasks for which every filter holds, as in the list of tasks."""
    where = TaskQuery(
        namespace=namespace,
        name=name,
        version=version,
        states=status,
        tags=tag,
        created_from=aware_instant("created_from", created_from),
        created_until=aware_instant("created_until", created_until),
    )
    return StatisticsReport(statistics=await sidecar.engine.statistics(where, top=top))


ROUTES = (performance, activity, bottlenecks, statistics)
