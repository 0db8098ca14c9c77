"""Take the goods out of the stock."""

from __future__ import annotations

import httpx

from examples.checkout.steps.shop_step import ShopStep
from tasker import Sequence, Step, Task


class UpdateInventory(ShopStep):
    """Reserve all the items. Too little stock is a 409, which is tried again."""

    async def process(self, task: Task, sequence: Sequence, step: Step) -> httpx.Response:
        items = sequence.get_previous_step_data("validate_cart", "items")
        wanted = [{key: item[key] for key in ("product_id", "quantity")} for item in items]
        return await self.post("/reservations", step, {"items": wanted})
