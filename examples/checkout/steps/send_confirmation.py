"""Tell the customer."""

from __future__ import annotations

import httpx

from examples.checkout.steps.shop_step import ShopStep
from tasker import PermanentError, Sequence, Step, Task


class SendConfirmation(ShopStep):
    """Send a mail about the order."""

    async def process(self, task: Task, sequence: Sequence, step: Step) -> httpx.Response:
        customer = task.context["customer_info"]
        if "@" not in customer["email"]:
            raise PermanentError(f"{customer['email']!r} is no address", error_code="INVALID_EMAIL")
        order = sequence.results_of("create_order")
        subject = f"Your order {order['number']}"
        text = f"Dear {customer['name']}, thank you! The total is {order['total']:.2f}."
        return await self.post(
            "/mails", step, {"to": customer["email"], "subject": subject, "text": text}
        )
