"""What people want to know, as messages in a Slack channel, by an incoming webhook.

https://api.slack.com/messaging/webhooks
"""

import msgspec

from examples.integrations.posting import PostingSubscriber
from tasker import Event


class Slack(PostingSubscriber):
    """Config: ``url`` of the incoming webhook, which is a secret.

    Which events it tells of stands where it is subscribed: `events` of the file.
    """

    async def handle_event(self, event: Event) -> None:
        await self.post(
            self.config["url"],
            msgspec.json.encode({"text": self.text(event)}),
            content_type="application/json",
        )

    def text(self, event: Event) -> str:
        """Return a line for people; `&`, `<` and `>` mean something to Slack."""
        details = self.safe_get(event, "error_message") or self.safe_get(event, "payload") or ""
        line = f"*{event.get('task_name')}* {event.name}: {details}".removesuffix(": ")
        return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
