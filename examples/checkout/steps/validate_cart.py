"""Check the cart against the catalogue, and price it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from examples.checkout.pricing import price_items
from examples.data import read_rows
from tasker import PermanentError, Sequence, Step, StepHandler, Task


class ValidateCart(StepHandler):
    """Every item is in the catalogue and for sale; the catalogue's price counts.

    A plain ``def process`` runs in a worker thread, so it may read files.
    """

    def process(self, task: Task, sequence: Sequence, step: Step) -> dict[str, Any]:
        items = task.context["cart_items"]
        if not items:
            raise PermanentError("the cart is empty", error_code="MISSING_CART_ITEMS")
        rows = read_rows(Path(self.config["catalog"]))
        catalog = {int(row["product_id"]): row for row in rows}
        validated = [_validated(item, catalog) for item in items]
        return {"items": validated, **price_items(validated)}


def _validated(item: dict[str, Any], catalog: dict[int, dict[str, str]]) -> dict[str, Any]:
    number = item["product_id"]
    product = catalog.get(number)
    if product is None:
        raise PermanentError(f"there is no product {number}", error_code="PRODUCT_NOT_FOUND")
    if product["active"] != "True":
        raise PermanentError(f"product {number} is not sold", error_code="PRODUCT_INACTIVE")
    return {
        "product_id": number,
        "name": product["name"],
        "quantity": item["quantity"],
        "price": float(product["price"]),
    }
