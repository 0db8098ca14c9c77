"""What the checkout does about carts that are wrong and a shop that fails."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from examples.checkout.in_python import process_order
from examples.data import ensure_data, read_carts, read_stock
from examples.services import Fault, ShopServer, running_shop, server
from tasker import Backoff, Engine, EngineConfig, TaskRequest, TaskView
from tasker.errors import ContextValidationError

CONFIG = EngineConfig(backoff=Backoff(delays=(0.01,) * 5))


@pytest.fixture
def shop(monkeypatch) -> Iterator[ShopServer]:
    monkeypatch.setattr(server, "RETRY_AFTER_SECONDS", 0)
    data = ensure_data()
    monkeypatch.setenv("CATALOG_FILE", str(data / "products.csv"))
    with running_shop(read_stock(data)) as running:
        for name in ("PAYMENT_URL", "INVENTORY_URL", "ORDERS_URL", "MAIL_URL"):
            monkeypatch.setenv(name, running.url)
        yield running


@pytest.fixture
def context() -> dict:
    return deepcopy(read_carts(ensure_data())[0]["context"])


async def run(context: dict) -> TaskView:
    request = TaskRequest(name="process_order", namespace="ecommerce", context=context)
    async with Engine.open("memory://", definitions=process_order, config=CONFIG) as engine:
        return await engine.run(request, timeout_seconds=20)


async def failure_of(context: dict) -> tuple[str, str | None]:
    task = await run(context)
    assert task.state == "error"
    [(step, error)] = task.errors.items()
    assert task.step(step).attempts == 1, "a permanent error is not tried again"
    return step, error.error_code


async def test_goods_that_are_not_sold_are_refused(shop, context):
    for product, code in [(9_999, "PRODUCT_NOT_FOUND"), (40, "PRODUCT_INACTIVE")]:
        context["cart_items"][0]["product_id"] = product
        assert await failure_of(context) == ("validate_cart", code)
    context["cart_items"] = []
    assert await failure_of(context) == ("validate_cart", "MISSING_CART_ITEMS")
    assert shop.shop.charges == {}


async def test_another_amount_than_the_customer_agreed_to_is_not_charged(shop, context):
    context["payment_info"]["amount"] += 1
    assert await failure_of(context) == ("process_payment", "PAYMENT_AMOUNT_MISMATCH")
    assert shop.shop.charges == {}


async def test_a_customer_without_an_address_gets_no_mail(shop, context):
    context["customer_info"]["email"] = "nobody"
    assert await failure_of(context) == ("send_confirmation", "INVALID_EMAIL")
    assert (len(shop.shop.orders), len(shop.shop.mails)) == (1, 0)


async def test_too_little_stock_is_tried_again_and_then_given_up(shop, context):
    product = context["cart_items"][0]["product_id"]
    shop.shop.stock[product] = 0
    task = await run(context)
    assert (task.state, task.step("update_inventory").attempts) == ("error", 2)
    assert task.errors["update_inventory"].error_code == "HTTP_409"
    assert shop.shop.reservations == {}


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("/payments", "process_payment"),
        ("/orders", "create_order"),
        ("/mails", "send_confirmation"),
    ],
)
@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.RESET])
async def test_every_service_may_fail_twice(shop, context, path, step, fault):
    shop.faults.order(path, fault, times=2)
    task = await run(context)
    assert (task.state, task.step(step).attempts) == ("complete", 3)
    figures = shop.shop.summary()
    assert [figures[each] for each in ("charges", "reservations", "orders", "mails")] == [1] * 4
    assert figures["repeated_requests"] == (2 if fault is Fault.RESET else 0)


async def test_a_service_that_stays_away_ends_the_order(shop, context):
    shop.faults.order("/payments", Fault.UNAVAILABLE, times=10)
    task = await run(context)
    assert (task.state, task.step("process_payment").attempts) == ("error", 5)
    # The address stands in the error, although it came from the environment.
    assert shop.url in task.errors["process_payment"].message
    assert shop.shop.charges == {}


async def test_a_context_that_does_not_fit_is_refused_at_once(context):
    del context["customer_info"]
    context["cart_items"][0]["quantity"] = 0
    with pytest.raises(ContextValidationError) as refused:
        await run(context)
    assert [path for path, _ in refused.value.violations] == ["", "/cart_items/0/quantity"]
