"""How a durable subscription is delivered."""

from __future__ import annotations

from msgspec import Struct

from tasker.actors.workflow.plan import Backoff

BACKOFF = Backoff(
    delays=(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0),
    exponent=3.0,
    max_seconds=300.0,
    jitter=0.1,
)
"""Doubles up to five minutes: twenty attempts take a little more than an hour."""


class DeliveryPolicy(Struct, frozen=True, kw_only=True):
    """How often, how many at once, and how far ahead.

    Attributes:
        max_attempts: After so many failures an event becomes a dead letter.
        backoff: The waits between them; what the other side asks for wins.
        concurrency: Events of different tasks that are handled at once. Those of one
            task never are: each waits for the one before it.
        window: How many entries may be read ahead of the oldest that is not done with.
        save_seconds: How often the cursor is written. What was delivered since then comes
            again after a crash.
    """

    max_attempts: int = 20
    backoff: Backoff = BACKOFF
    concurrency: int = 8
    window: int = 1_000
    save_seconds: float = 0.5

    def __post_init__(self) -> None:
        for name in ("max_attempts", "concurrency", "window"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"DeliveryPolicy.{name} is {value}; it must be at least 1")
        if not self.save_seconds > 0:
            raise ValueError(
                f"DeliveryPolicy.save_seconds is {self.save_seconds}; it must be greater than 0"
            )
