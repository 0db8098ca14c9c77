"""``python -m examples.embedded``: places an order, and follows it over the API of tasks."""

from __future__ import annotations

import anyio
import httpx

from examples.embedded.app import make_app


async def main() -> None:
    app = make_app()
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client,
    ):
        placed = (await client.post("/orders", json=["tea", "milk"])).json()
        task = (await client.get(placed["task"], headers={"Prefer": "wait=10"})).json()
        print(f"{task['full_name']} is {task['status']}")
        for step in task["workflow_steps"]:
            print(f"  {step['name']}: {step['results']}")
        order = (await client.get(placed["order"])).json()
        print(f"the shop has charged {order['charged']} for order {order['id']}")
        handlers = (await client.get("/tasker/handlers/shop")).json()
        print(f"the shop has {handlers['total_handlers']} handler")


if __name__ == "__main__":
    anyio.run(main)
