"""A server of its own: uvicorn around the application, and the order in which it ends."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
import uvicorn

from tasker.server.app import TaskerApp
from tasker.server.config import ServeConfig
from tasker.server.errors import ServerConfigError
from tasker.server.protocol import patient_protocol
from tasker.server.shell import ASGIApp, OnlyHosts, Prefixed

KEEP_ALIVE_SECONDS = 15
BACKLOG = 2_048


class _Server(uvicorn.Server):
    """One that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(config: ServeConfig) -> socket.socket:
    """Return the socket to listen on, bound already, so that its port is known.

    Raises:
        ServerConfigError: The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((config.host.strip("[]"), config.port))
    except OSError as error:
        bound.close()
        raise ServerConfigError(
            problems=[f"cannot listen on {config.host}:{config.port}: {error.strerror or error}"]
        ) from error
    bound.setblocking(False)
    return bound


async def serve(
    app: TaskerApp,
    config: ServeConfig,
    bound: socket.socket,
    *,
    until: anyio.Event,
    started: Callable[[], None],
) -> None:
    """Serve until told to stop: then take no more connections, and let requests finish.

    Streams of events and waits end at once; other requests get ``drain_seconds``.
    """
    served: ASGIApp = Prefixed(app, config.prefix)
    if config.hosts:
        served = OnlyHosts(served, config.hosts)
    server = _Server(
        uvicorn.Config(
            served,
            http=patient_protocol(config.head_seconds),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, round(config.drain_seconds)),
            backlog=BACKLOG,
            ws="wsproto" if config.graphql.is_served else "none",
            ws_max_size=config.max_body_bytes,
        )
    )

    async def stop_when_told() -> None:
        await until.wait()
        app.stop()
        server.should_exit = True

    async def tell_when_started() -> None:
        while not server.started:  # noqa: ASYNC110 (uvicorn has nothing to wait on)
            await anyio.sleep(0.01)
        started()

    async with anyio.create_task_group() as group:
        group.start_soon(stop_when_told)
        group.start_soon(tell_when_started)
        await server.serve(sockets=[bound])
        group.cancel_scope.cancel()
