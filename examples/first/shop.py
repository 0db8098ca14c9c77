import anyio

from tasker import Engine, TaskRequest, define

order = define("order", namespace="shop")


@order.step
async def reserve(task):
    return {"reserved": task.context["items"]}


@order.step(retry_limit=5)
async def charge(reserve):
    return {"charged": 10 * len(reserve["reserved"])}


async def main():
    async with Engine.open("sqlite:///orders.db", definitions=order) as engine:
        request = TaskRequest(name="order", namespace="shop", context={"items": ["tea"]})
        print((await engine.run(request)).results)


if __name__ == "__main__":
    anyio.run(main)
