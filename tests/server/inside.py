"""The application in this process, for what cannot be brought about from outside."""

from contextlib import asynccontextmanager

import httpx

from tasker.server import TaskerApp
from tasker.testing import testing_engine
from tests.engine.support import one_step


@asynccontextmanager
async def application(definition=None, *, config=None, store=None, wrap=None, **parts):
    """Have a client of an application over an engine in memory, and the engine."""
    options = {} if store is None else {"store": store}
    async with testing_engine(definition or one_step(), **options) as engine:
        app = TaskerApp(engine, config, **parts)
        outer = app if wrap is None else wrap(app)
        transport = httpx.ASGITransport(app=outer)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client, engine, app


async def post_task(client, path="/tasks", **body):
    return await client.post(path, json={"name": "work", **body})
