"""What a handler may publish: which events, until when, and how much of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from tasker.errors import UndeclaredEventError
from tasker.events.published import Published
from tasker.stores.encoding import encode
from tasker.telemetry.masking import Masker

PAYLOAD_LIMIT = 1024 * 1024  # bytes


class Publishing:
    """What all attempts of an engine share about custom events.

    Args:
        now: Returns the time in Unix seconds.
        registered: Returns the events that every step may publish.
        limit: Greatest size of what one attempt publishes, as JSON, in bytes.
    """

    __slots__ = ("limit", "now", "registered")

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        registered: Callable[[], Collection[str]] = tuple,
        limit: int = PAYLOAD_LIMIT,
    ) -> None:
        self.now = now
        self.registered = registered
        self.limit = limit


ALONE = Publishing()
"""For attempts without an engine."""


class Outbox:
    """The events of one attempt, until its outcome is recorded."""

    __slots__ = ("_declared", "_publishing", "_room", "_step", "published")

    def __init__(self, step: str, declared: Collection[str], publishing: Publishing) -> None:
        self._step = step
        self._declared = declared
        self._publishing = publishing
        self._room = publishing.limit
        self.published: list[Published] = []

    def publish(self, name: str, payload: Mapping[str, Any] | None) -> None:
        """Keep an event, as it is now; raises as `Step.publish_custom_event` says."""
        registered = self._publishing.registered()
        if name not in self._declared and name not in registered:
            known = sorted({*self._declared, *registered})
            raise UndeclaredEventError(event=name, step=self._step, known=known)
        what = f"the event {name!r} of step {self._step}"
        encoded = encode(dict(payload or {}), what=what, limit=self._room)
        self._room -= len(bytes(encoded))
        self.published.append(Published(name=name, at=self._publishing.now(), payload=encoded))

    def to_raw(self, masker: Masker) -> Raw | None:
        """Return the events as JSON without secrets, None when there are none."""
        return _encoded(self.published, masker) if self.published else None


def masked(events: Raw | None, masker: Masker) -> Raw | None:
    """Return events as `Outbox.to_raw` gave them, without what this masker hides."""
    return None if events is None else _encoded(_decode(events), masker)


_decode = msgspec.json.Decoder(list[Published]).decode


def _encoded(events: Iterable[Published], masker: Masker) -> Raw:
    shown = []
    for event in events:
        payload = masker.data(event.content())
        if not isinstance(payload, dict):  # hiding failed, and all of it is hidden
            payload = {"payload": payload}
        shown.append({"name": event.name, "at": event.at, "payload": payload})
    return Raw(msgspec.json.encode(shown))
