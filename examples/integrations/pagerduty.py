"""Failed tasks as incidents in PagerDuty, by its Events API v2.

https://developer.pagerduty.com/docs/events-api-v2/overview/
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from examples.integrations.posting import PostingSubscriber
from tasker import Event
from tasker.events.task import TaskFailed

URL = "https://events.pagerduty.com/v2/enqueue"


class PagerDuty(PostingSubscriber):
    """Config: ``routing_key`` of the service's integration; ``url`` for tests."""

    subscribe_to = ("task.failed", "task.retry_requested", "task.resolved_manually")

    async def handle_task_failed(self, event: TaskFailed) -> None:
        why = event.error_message or event.reason
        await self.send(
            event,
            "trigger",
            payload={
                "summary": f"{event.task_name} failed: {why}"[:1024],
                "source": "tasker",
                "severity": "critical",
                "timestamp": datetime.fromtimestamp(event.at, UTC).isoformat(),
                "component": f"{event.namespace}.{event.task_name}",
                "class": event.error_class,
                "custom_details": {
                    "task_id": event.task_id,
                    "failed_steps": event.failed_steps,
                    "correlation_id": event.correlation_id,
                },
            },
        )

    async def handle_event(self, event: Event) -> None:
        # Somebody saw to it. Should it fail again, that triggers again.
        await self.send(event, "resolve")

    async def send(self, event: Event, action: str, **more: Any) -> None:
        body = {
            "routing_key": self.config["routing_key"],
            "event_action": action,
            # One incident a task, however often the same event comes.
            "dedup_key": f"tasker/{event.get('task_id')}",
            **more,
        }
        await self.post(
            self.config.get("url", URL),
            msgspec.json.encode(body),
            content_type="application/json",
        )
