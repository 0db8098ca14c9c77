"""Carts that wait for their checkout, with what shall come of each."""

from __future__ import annotations

from random import Random
from typing import Any

from examples.checkout.pricing import price_items

CARTS = 200
CARDS = {
    # Of every 25 carts, these are paid with cards that misbehave; the others work.
    3: "tok_503",
    6: "tok_slow",
    8: "tok_503_date",
    12: "tok_declined",
    15: "tok_reset",
    17: "tok_503",
    19: "tok_reset_then_503",
    22: "tok_slow",
}


def make_carts(
    random: Random, users: list[dict[str, Any]], products: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return carts: an order number, the context of a task, and what to expect of it.

    ``expected`` is ``complete``, or the error code with which the task shall fail.
    """
    sold = [product for product in products if product["active"]]
    carts = []
    for number in range(1, CARTS + 1):
        card = CARDS.get(number % 25, "tok_ok")
        user = random.choice(users)
        items = [
            {
                "product_id": product["product_id"],
                "name": product["name"],
                "quantity": random.randint(1, 3),
                "price": product["price"],
            }
            for product in random.sample(sold, random.randint(1, 4))
        ]
        context = {
            "order_number": f"A-{number:04}",
            "cart_items": items,
            "payment_info": {
                "method": "credit_card",
                "token": card,
                "amount": price_items(items)["total"],
                "currency": "USD",
            },
            "customer_info": {key: user[key] for key in ("email", "name", "tier")},
        }
        expected = "PAYMENT_DECLINED" if card == "tok_declined" else "complete"
        carts.append(
            {"order_number": context["order_number"], "expected": expected, "context": context}
        )
    return carts
