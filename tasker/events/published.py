"""What a handler published in an attempt, on its way into the task's history."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct


class Published(Struct, frozen=True, gc=False, kw_only=True):
    """A custom event as it is kept with the outcome of its attempt. ``at`` is Unix seconds."""

    name: str
    at: float
    payload: Raw

    def content(self) -> dict[str, Any]:
        """Return what the handler gave."""
        return msgspec.json.decode(self.payload)  # type: ignore[no-any-return]
