"""What the steps that call the shop have in common."""

from __future__ import annotations

from typing import Any

import httpx

from tasker import ApiStepHandler, Step


class ShopStep(ApiStepHandler):
    """A step that has the shop make something, once, however often it asks."""

    async def post(self, path: str, step: Step, body: dict[str, Any]) -> httpx.Response:
        """Send a request under a key that stays the same over all attempts of the step.

        When an answer is lost, nobody knows whether the work was done. The next
        attempt asks again with the same key, and the shop does it once.
        """
        key = f"{step.task_id}:{step.name}"
        return await self.connection.post(path, json=body, headers={"Idempotency-Key": key})

    def process_results(self, step: Step, output: httpx.Response, initial_results: Any) -> Any:
        """Keep the answer's body alone."""
        return output.json()
