"""Whether the engine lives, is ready, and how it stands; its metrics."""

from __future__ import annotations

import anyio.to_thread
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from tasker.health.readiness import Readiness
from tasker.health.status import EngineStatus
from tasker.monitored import Liveness
from tasker.server.answering import AnyRequest, guarded
from tasker.server.guard import PERMISSION
from tasker.server.permissions import PUBLIC
from tasker.server.sidecar import Sidecar

_PUBLIC = {PERMISSION: PUBLIC}


@get(
    "/health/live",
    operation_id="checkLiveness",
    tags=["health"],
    summary="Whether the server lives",
    opt=_PUBLIC,
    security=[{}],
)
async def live(sidecar: NamedDependency[Sidecar]) -> Liveness:
    """Answer, and touch nothing. Needs no permission."""
    return sidecar.engine.live()


@get(
    "/health/ready",
    operation_id="checkReadiness",
    tags=["health"],
    summary="Whether the engine can take work",
    opt=_PUBLIC,
    security=[{}],
    responses={
        503: ResponseSpec(
            data_container=Readiness, description="It cannot", generate_examples=False
        )
    },
)
async def ready(sidecar: NamedDependency[Sidecar]) -> Response[Readiness]:
    """Try the parts that the engine needs; 503 when one fails. Needs no permission."""
    found = await sidecar.engine.ready()
    return Response(found, status_code=200 if found.ready and not sidecar.stopping else 503)


@get(
    "/health/status",
    operation_id="getHealthStatus",
    tags=["health"],
    summary="How the engine and its store stand",
    **{
        **guarded("tasker.health_status:index"),
        "responses": {
            **guarded("tasker.health_status:index")["responses"],
            503: ResponseSpec(
                data_container=EngineStatus, description="It cannot work", generate_examples=False
            ),
        },
    },
)
async def status(sidecar: NamedDependency[Sidecar]) -> Response[EngineStatus]:
    """Return the figures, kept for a few seconds; 503 while the engine cannot work."""
    found = await sidecar.engine.status()
    return Response(found, status_code=200 if found.healthy else 503)


@get(
    "/metrics",
    operation_id="exportMetrics",
    tags=["metrics"],
    summary="The metrics, for Prometheus",
    media_type="text/plain",
    **guarded("tasker.metrics:index"),
)
async def metrics(request: AnyRequest, sidecar: NamedDependency[Sidecar]) -> Response[bytes]:
    """Return the metrics as text, in the format that the scrape accepts."""
    accept = request.headers.get("accept")
    told = await anyio.to_thread.run_sync(sidecar.engine.metrics.render, accept)
    # The framework adds the charset to text by itself.
    return Response(told.body, media_type=told.content_type.removesuffix("; charset=utf-8"))


ROUTES = (live, ready, status, metrics)
