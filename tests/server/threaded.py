"""A server in a thread, for tests that start many: a process takes a second."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
from anyio.from_thread import start_blocking_portal

from tasker import Engine
from tasker.server import ServeConfig, TaskerApp
from tasker.server.running import listen, serve


@contextmanager
def served_in_a_thread(store: str, *, definitions: Any, work: bool = False) -> Iterator[str]:
    """Have a server run meanwhile; gives its URL. Without ``work`` it runs no task."""
    engine = Engine.open(store, definitions=definitions, work=work)
    config = ServeConfig(port=0, store=store)
    app = TaskerApp(engine, config)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_serving(engine, app, config)) as url,
    ):
        yield url


@asynccontextmanager
async def _serving(engine: Engine, app: TaskerApp, config: ServeConfig) -> AsyncIterator[str]:
    async with engine:
        bound = listen(config)
        started, stopped = anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as group:

            async def run() -> None:
                await serve(app, config, bound, until=stopped, started=started.set)

            group.start_soon(run)
            await started.wait()
            yield f"http://127.0.0.1:{bound.getsockname()[1]}{config.prefix}"
            stopped.set()
