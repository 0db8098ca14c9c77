"""Failed tasks and steps as issues in Sentry, over its envelope endpoint.

The SDK would bring its own queue, which a crash empties; this one is in the store.
https://develop.sentry.dev/sdk/data-model/envelopes/
"""

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from examples.integrations.posting import PostingSubscriber
from tasker import Event


class Sentry(PostingSubscriber):
    """Config: ``dsn``, as Sentry shows it in the project's settings; ``environment``."""

    subscribe_to = ("task.failed", "step.failed")

    def should_process_event(self, event: Event) -> bool:
        # An attempt that is followed by another is not worth an issue.
        return event.get("retry_at") is None

    async def handle_event(self, event: Event) -> None:
        dsn = urlsplit(self.config["dsn"])
        head, _, project = dsn.path.rpartition("/")
        place = f"{dsn.hostname}:{dsn.port}" if dsn.port else dsn.hostname
        auth = f"Sentry sentry_version=7, sentry_key={dsn.username}, sentry_client=tasker/1"
        await self.post(
            f"{dsn.scheme}://{place}{head}/api/{project}/envelope/",
            self.envelope(event),
            content_type="application/x-sentry-envelope",
            x_sentry_auth=auth,
        )

    def envelope(self, event: Event) -> bytes:
        """Return the three lines: the envelope's header, the item's, and the item."""
        issue = msgspec.json.encode(self.issue(event))
        sent_at = datetime.fromtimestamp(event.at, UTC).isoformat()
        header = {"event_id": sentry_id(event), "sent_at": sent_at}
        item = {"type": "event", "content_type": "application/json", "length": len(issue)}
        return b"\n".join([msgspec.json.encode(header), msgspec.json.encode(item), issue])

    def issue(self, event: Event) -> dict[str, object]:
        """Return the event as Sentry has them."""
        where = ".".join(filter(None, [event.get("task_name"), event.get("step")]))
        raised = {"type": event.get("error_class"), "value": event.get("error_message")}
        return {
            "event_id": sentry_id(event),
            "timestamp": event.at,
            "platform": "python",
            "level": "error",
            "logger": event.name,
            "transaction": where,
            "environment": self.config.get("environment", "production"),
            "exception": {"values": [raised]},
            # One issue for each place and error, however many tasks have it.
            "fingerprint": [event.name, where, str(event.get("error_class"))],
            "tags": {key: event.get(key) for key in ("namespace", "task_name", "step", "version")},
            "extra": {key: event.get(key) for key in ("task_id", "attempt", "correlation_id")},
        }


def sentry_id(event: Event) -> str:
    """Return the id of an event; Sentry takes one that comes again for the same."""
    return hashlib.sha256(event.event_id.encode()).hexdigest()[:32]
