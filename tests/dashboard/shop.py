"""The workflows that the pages of the tests show, steered by the task's context."""

import anyio

from tasker import PermanentError, RetryableError, define

HOSTILE = "<img src=x onerror=\"window.hurt='step'\">"

order = define("order", namespace="shop", version="2.0.0", description=HOSTILE)
order_of_old = define("order", namespace="shop", version="1.0.0", description="Take an order")
echo = define("echo", namespace="lab", version="1.0.0")


async def until_there(path):
    """Wait until a file exists; no path means at once."""
    while path is not None and not await anyio.Path(path).exists():  # noqa: ASYNC110
        await anyio.sleep(0.01)


@order.step
async def validate(task):
    await until_there(task.context.get("gate"))
    return {"lines": 3, "total": 41.5}


@order.step(retry_limit=2)
async def charge(task, validate):
    paid = task.context.get("paid")
    if paid is not None and not await anyio.Path(paid).exists():
        raise PermanentError(
            "the bank has declined the card", error_code="DECLINED", context={"card": "4242"}
        )
    return {"receipt": "A-17"}


@order.step
async def check_fraud(task, validate):
    return {"score": 0.02}


@order.step
async def ship(charge, check_fraud):
    return "parcel 9"


@order_of_old.step(name="charge", retry_limit=5)
async def charge_of_old(task):
    return None


@order_of_old.step
async def fax(charge):
    return None


@echo.step(retry_limit=2)
async def say(task):
    if "fails" in task.context:
        kind = PermanentError if task.context.get("permanent", True) else RetryableError
        raise kind(task.context["fails"], context={task.context["fails"]: task.context["fails"]})
    return task.context


every = [order, order_of_old, echo]
