"""The checkout as a whole."""

from __future__ import annotations

from typing import Any

from tasker import Sequence, Step, Task, TaskHandler


class OrderProcess(TaskHandler):
    """Leaves a receipt on every task that was paid, to find it by."""

    def update_annotations(
        self, task: Task, sequence: Sequence, steps: list[Step]
    ) -> list[tuple[str, dict[str, Any]]]:
        payment = sequence.results_of("process_payment")
        if payment is None:
            return []
        order = task.context.get("order_number", task.task_id)
        return [("receipt", {"order_number": order, "payment_id": payment["payment_id"]})]
