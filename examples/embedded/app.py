"""A shop's own API in FastAPI, with the engine inside, and the API of tasks under ``/tasker``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from tasker import Engine, TaskRequest, define
from tasker.server import TaskerApp

order = define("order", namespace="shop")


@order.step
async def reserve(task: Any) -> dict[str, Any]:
    return {"reserved": task.context["items"]}


@order.step(retry_limit=5)
async def charge(reserve: dict[str, Any]) -> dict[str, int]:
    return {"charged": 10 * len(reserve["reserved"])}


def make_app(store: str = "sqlite:///orders.db") -> FastAPI:
    """Return the application; it opens the engine when it starts, and drains it when it ends."""
    engine = Engine.open(store, definitions=order)
    tasks = TaskerApp(engine)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with engine:
            yield
            tasks.stop()

    app = FastAPI(lifespan=lifespan)
    app.mount("/tasker", tasks)

    @app.post("/orders", status_code=201)
    async def place(items: list[str]) -> dict[str, str]:
        request = TaskRequest(name="order", namespace="shop", context={"items": items})
        task_id = await engine.submit(request)
        return {"task": f"/tasker/tasks/{task_id}"}

    return app
