"""What a cart costs: goods, shipping and tax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

TAX = Decimal("0.08")
WEIGHT_OF_ITEM = Decimal("0.5")
SHIPPING = ((Decimal(2), Decimal("5.99")), (Decimal(10), Decimal("9.99")))
"""Up to this weight, this price."""
HEAVY_SHIPPING = Decimal("14.99")


def price_items(items: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return subtotal, tax, shipping and total of items with a quantity and a price."""
    subtotal, count = Decimal(0), 0
    for item in items:
        subtotal += item["quantity"] * Decimal(str(item["price"]))
        count += item["quantity"]
    weight = count * WEIGHT_OF_ITEM
    shipping = next((price for limit, price in SHIPPING if weight <= limit), HEAVY_SHIPPING)
    tax = _cents(subtotal * TAX)
    return {
        "subtotal": float(_cents(subtotal)),
        "tax": float(tax),
        "shipping": float(shipping),
        "total": float(_cents(subtotal) + tax + shipping),
    }


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
