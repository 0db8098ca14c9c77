"""The ASGI application, to serve alone or to mount in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from tasker.engine import Engine
from tasker.errors import EventNameError
from tasker.events.outbox import is_decided
from tasker.server.access.protocols import Authenticator, Coordinator
from tasker.server.access.setup import make_authenticator, make_coordinator
from tasker.server.answering import HANDLERS
from tasker.server.config import SidecarConfig
from tasker.server.errors import ServerConfigError
from tasker.server.guard import guard
from tasker.server.head import AnswersHead
from tasker.server.openapi import document, openapi_config
from tasker.server.patience import InTime
from tasker.server.routes import (
    access,
    actors,
    analytics,
    audit,
    bulk,
    dashboard,
    diagrams,
    documentation,
    handlers,
    health,
    operations,
    steps,
    streams,
    subscriptions,
    tasks,
)
from tasker.server.routes import annotations as annotation_routes
from tasker.server.routes.filters import FILTERS
from tasker.server.shell import Receive, Scope, Send, Shell
from tasker.server.sidecar import Sidecar

_MODULES = (
    tasks,
    bulk,
    operations,
    steps,
    annotation_routes,
    handlers,
    streams,
    subscriptions,
    health,
    analytics,
    actors,
    diagrams,
    access,
    audit,
    documentation,
    dashboard,
)
_ROUTES = [route for module in _MODULES for route in module.ROUTES]


class TaskerApp:
    """The API of an engine as an ASGI application.

    Mount it under any path; or serve it alone. The engine is its owner's: it has to be open
    while requests come, and is not closed here. Two applications share nothing.

        app = FastAPI(lifespan=...)          # opens the engine
        app.mount("/tasker", TaskerApp(engine))

    Args:
        engine: What it serves.
        config: The settings.
        authenticator: Tells who asks, in the place of the one that the settings name.
        coordinator: Decides what they may do, in the place of the one that the settings name.

    Raises:
        ServerConfigError: The settings cannot be; every problem is told.
    """

    def __init__(
        self,
        engine: Engine,
        config: SidecarConfig | None = None,
        *,
        authenticator: Authenticator | None = None,
        coordinator: Coordinator | None = None,
    ) -> None:
        config = config or SidecarConfig()
        problems = [*config.problems(), *_unkept(engine, config.stream_kept)]
        authenticator = authenticator or make_authenticator(config.auth, problems)
        coordinator = coordinator or make_coordinator(config.auth, problems)
        for each in (authenticator, coordinator):
            if each is not None:
                problems += each.validate_configuration()
        if problems or authenticator is None or coordinator is None:
            raise ServerConfigError(problems=problems)
        self.sidecar = Sidecar(engine, config, authenticator=authenticator, coordinator=coordinator)
        self._app = _litestar(self.sidecar, self.openapi)
        header = engine.config.telemetry.correlation_id_header
        self._shell = Shell(AnswersHead(InTime(self._app, config.body_seconds)), header=header)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._shell(scope, receive, send)

    def openapi(self, server: str = "") -> dict[str, Any]:
        """Return the OpenAPI document of the API that is reached at the path ``server``."""
        return document(self._described, server)

    @cached_property
    def _described(self) -> Litestar:
        # The framework serves the documents that it makes, on routes that name no
        # permission: so it makes ours in an application that is not served.
        return Litestar(
            route_handlers=_ROUTES,
            dependencies=_dependencies(self.sidecar),
            logging_config=None,
            openapi_config=openapi_config(),
        )

    def stop(self) -> None:
        """End streams of events and waits, so that the server can end."""
        self.sidecar.stop()


def _unkept(engine: Engine, names: Iterable[str]) -> Iterator[str]:
    """Yield what of the events that are to be kept cannot be, and why."""
    for name in names:
        try:
            engine.event_catalog.check_subscribable(name)
        except EventNameError as error:
            yield f"stream_kept: {error}"
        else:
            if not is_decided(name):
                yield f"stream_kept: {name!r} is told by a process of what it sees, and not kept"


def _litestar(sidecar: Sidecar, openapi: Callable[[str], dict[str, Any]]) -> Litestar:
    routes = list(_ROUTES)
    if sidecar.config.graphql.is_served:
        # What it needs is an extra of its own.
        from tasker.server.graphql.routes import ROUTES

        routes += ROUTES
    return Litestar(
        route_handlers=routes,
        dependencies=_dependencies(sidecar),
        exception_handlers=dict(HANDLERS),
        guards=[guard],
        logging_config=None,
        openapi_config=None,
        request_max_body_size=sidecar.config.max_body_bytes,
        state=State({"sidecar": sidecar, "openapi": openapi}),
    )


def _dependencies(sidecar: Sidecar) -> dict[str, Provide]:
    def the_sidecar() -> Sidecar:
        return sidecar

    return {
        "sidecar": Provide(the_sidecar, sync_to_thread=False),
        "named_step": Provide(steps.named_step, sync_to_thread=False),
        "named_subscription": Provide(subscriptions.named_subscription, sync_to_thread=False),
        **FILTERS,
    }
