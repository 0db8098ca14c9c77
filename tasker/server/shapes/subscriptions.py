"""Durable subscriptions, as they are answered."""

from __future__ import annotations

from msgspec import Struct

from tasker.subscriptions import DeadLetter, SubscriptionView


class SubscriptionList(Struct, frozen=True, kw_only=True):
    """The durable subscriptions, by name."""

    subscriptions: tuple[SubscriptionView, ...]


class DeadLetters(Struct, frozen=True, kw_only=True):
    """Events that could not be delivered, oldest first."""

    dead_letters: tuple[DeadLetter, ...]


class Redelivered(Struct, frozen=True, kw_only=True):
    """How many dead letters will be delivered again."""

    redelivered: int


class Discarded(Struct, frozen=True, kw_only=True):
    """How many dead letters were deleted."""

    discarded: int
