"""Record the order."""

from __future__ import annotations

import httpx

from examples.checkout.steps.shop_step import ShopStep
from tasker import Sequence, Step, Task


class CreateOrder(ShopStep):
    """Bring together what the steps before have found."""

    async def process(self, task: Task, sequence: Sequence, step: Step) -> httpx.Response:
        found = sequence.results
        return await self.post(
            "/orders",
            step,
            {
                "number": task.context.get("order_number", task.task_id),
                "customer": task.context["customer_info"],
                "total": found["validate_cart"]["total"],
                "payment_id": found["process_payment"]["payment_id"],
                "reservation_id": found["update_inventory"]["reservation_id"],
                "priority": task.context["priority"],
            },
        )
