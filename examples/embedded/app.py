"""A shop's own API in FastAPI, with its own database and, beside it, the engine and its store.

Two databases, and no transaction over both: an order is recorded first and submitted under a
key made of its number, and what was recorded and not submitted is submitted at the next start.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException

from examples.embedded.shop import Shop
from tasker import DefinitionBuilder, DuplicateTaskError, Engine, TaskRequest, define
from tasker.server import TaskerApp


def make_app(database: str | None = None, store: str | None = None) -> FastAPI:
    """Return the application over the shop's database and the engine's store.

    Without them those of SHOP_DATABASE and TASKER_STORE, or `shop.db` and `tasks.db`.
    """
    database = database or os.environ.get("SHOP_DATABASE", "shop.db")
    store = store or os.environ.get("TASKER_STORE", "sqlite:///tasks.db")
    app = FastAPI()
    engine = Engine.open(store, definitions=define_order(app))
    tasks = TaskerApp(engine)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # The shop first: steps that were interrupted go on as soon as the engine is open.
        async with Shop.open(database) as app.state.shop, engine:
            for order in await app.state.shop.orders("task_id IS NULL"):
                await submit(order["id"], order["items"])
            yield
            tasks.stop()

    async def submit(order_id: int, items: list[str]) -> str:
        context = {"order": order_id, "items": items}
        request = TaskRequest(
            name="order", namespace="shop", context=context, idempotency_key=f"order-{order_id}"
        )
        try:
            task_id = await engine.submit(request)
        except DuplicateTaskError as error:
            task_id = error.task_id
        await app.state.shop.with_task(order_id, task_id)
        return task_id

    app.router.lifespan_context = lifespan
    app.mount("/tasker", tasks)

    @app.post("/orders", status_code=201)
    async def place(items: list[str]) -> dict[str, str]:
        order_id = await app.state.shop.place(items)
        task_id = await submit(order_id, items)
        return {"order": f"/orders/{order_id}", "task": f"/tasker/tasks/{task_id}"}

    @app.get("/orders/{order_id}")
    async def show(order_id: int) -> dict[str, Any]:
        found: list[dict[str, Any]] = await app.state.shop.orders("id = ?", order_id)
        if not found:
            raise HTTPException(404)
        return found[0]

    return app


def define_order(app: FastAPI) -> DefinitionBuilder:
    """Return the workflow, whose steps write to the application's database."""
    order = define("order", namespace="shop")

    @order.step
    async def reserve(task: Any) -> dict[str, Any]:
        return {"reserved": task.context["items"]}

    @order.step(retry_limit=5)
    async def charge(task: Any, reserve: dict[str, Any]) -> dict[str, int]:
        amount = 10 * len(reserve["reserved"])
        await app.state.shop.charged(task.context["order"], amount)
        return {"charged": amount}

    return order
