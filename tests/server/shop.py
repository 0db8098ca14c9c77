"""The workflows that the server of the tests runs, steered by the task's context."""

import anyio

from tasker import PermanentError, RetryableError, define

SCHEMA = {
    "type": "object",
    "required": ["order"],
    "properties": {"order": {"type": "integer"}, "gift": {"type": "boolean", "default": False}},
}

checkout = define("checkout", namespace="shop", version="1.2.0", schema=SCHEMA)
checkout_of_old = define("checkout", namespace="shop", version="1.10.0-rc.1")
report = define("report", namespace="office", version="0.3.0")


async def until_open(gate):
    """Wait until a file exists."""
    while gate is not None and not await anyio.Path(gate).exists():  # noqa: ASYNC110
        await anyio.sleep(0.01)


@checkout.step
async def validate(task):
    await until_open(task.context.get("gate"))
    return {"order": task.context["order"]}


@checkout.step(retry_limit=2)
async def charge(task, validate):
    if task.context.get("declined"):
        raise PermanentError("declined", error_code="DECLINED")
    if task.context.get("busy"):
        raise RetryableError("the bank is busy", retry_after=3_600)
    return {"receipt": "A-17"}


@checkout.step(skippable=True)
async def ship(charge):
    return charge["receipt"]


@checkout_of_old.step
async def only():
    return None


@report.step
async def gather(task):
    return [1, 2, 3]


@report.step
async def summarise(gather):
    return sum(gather)


every = [checkout, checkout_of_old, report]
