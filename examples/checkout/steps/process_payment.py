"""Charge the customer."""

from __future__ import annotations

import httpx

from examples.checkout.steps.shop_step import ShopStep
from tasker import PermanentError, Sequence, Step, Task


class ProcessPayment(ShopStep):
    """Charge the total, unless the customer agreed to another amount.

    A declined card is final. Everything else that may go wrong is left to the engine:
    it waits as long as ``Retry-After`` says, and tries again after timeouts and lost
    connections.
    """

    async def process(self, task: Task, sequence: Sequence, step: Step) -> httpx.Response:
        payment = task.context["payment_info"]
        total = sequence.get_previous_step_data("validate_cart", "total")
        if abs(payment["amount"] - total) >= 0.01:
            raise PermanentError(
                f"the customer agreed to {payment['amount']}, the cart costs {total}",
                error_code="PAYMENT_AMOUNT_MISMATCH",
            )
        if not payment.get("token"):
            raise PermanentError("there is no card", error_code="MISSING_PAYMENT_TOKEN")
        response = await self.post(
            "/payments",
            step,
            {
                "reference": task.task_id,
                "amount": total,
                "currency": payment["currency"],
                "token": payment["token"],
            },
        )
        if response.status_code == 422:
            reason = response.json()["reason"]
            raise PermanentError(f"card declined: {reason}", error_code="PAYMENT_DECLINED")
        return response
