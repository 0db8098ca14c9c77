"""Durable subscriptions: what waits to be delivered, to whom, and what could not be.

An append carries the events that somebody has to hear of (`Append.outgoing`), and a store
records them with it: a transactional outbox. A subscription reads on from its cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Raw, Struct


class SubscriptionRecord(Struct, frozen=True, gc=False, kw_only=True):
    """A durable subscription.

    ``events`` are the names and patterns that it wants. ``cursor`` is the position up to
    which everything is done with. ``owner`` delivers, until ``leased_until``; ``epoch``
    grows by one whenever another owner begins. ``suspended`` says why nothing is
    delivered at present, None when it is.
    """

    name: str
    events: tuple[str, ...]
    created_at: float
    cursor: int = 0
    owner: str | None = None
    epoch: int = 0
    leased_until: float = 0.0
    suspended: str | None = None


class SubscriptionStanding(Struct, frozen=True, gc=False, kw_only=True):
    """A subscription, and how many entries of the outbox and dead letters it has."""

    subscription: SubscriptionRecord
    waiting: int
    dead_letters: int


class OutboxEntry(Struct, frozen=True, gc=False, kw_only=True):
    """What one append tells: ``events`` is a JSON array of events, in their order.

    ``subscription`` names the only one that it is for, None for all.
    """

    position: int
    task_id: str
    events: Raw
    subscription: str | None = None


class DeadLetterRecord(Struct, frozen=True, gc=False, kw_only=True):
    """An event that could not be delivered to a subscription.

    ``attempts`` is how often it was tried, ``error`` what the last one said, ``at`` when
    it was given up.
    """

    subscription: str
    event_id: str
    task_id: str
    event: Raw
    attempts: int
    error: str
    at: float


class Pruned(Struct, frozen=True, gc=False, kw_only=True):
    """How many entries were deleted, and how many of them were lost to some subscription."""

    deleted: int
    lost: int


class OutboxStore(Protocol):
    """Durable subscriptions. Positions grow in the order of commits.

    Once a read has shown a position, nothing appears at or below it: a cursor that
    moves past what it has read misses nothing. A position is never used again.
    """

    async def put_subscription(self, subscription: SubscriptionRecord) -> None:
        """Create a subscription, to hear what is recorded from now on.

        One that exists keeps all but its ``events``.
        """

    async def remove_subscription(self, name: str) -> bool:
        """Delete a subscription with its dead letters; return whether there was one."""

    async def subscriptions(self) -> list[SubscriptionStanding]:
        """Return the subscriptions by name."""

    async def wanted_events(self) -> dict[str, tuple[str, ...]]:
        """Return what each subscription wants, under its name. Cheap enough to ask often."""

    async def suspend_subscription(self, name: str, reason: str | None) -> bool:
        """Say that a subscription is not to be delivered to, and why; None to go on.

        Its cursor stays. Returns whether there is such a subscription.
        """

    async def lease_subscription(
        self, name: str, owner: str, *, now: float, until: float
    ) -> SubscriptionRecord | None:
        """Begin or extend an owner's lease, and return the subscription.

        None when it is unknown, or leased to another owner beyond ``now``. The epoch
        grows by one unless the owner had it already.
        """

    async def release_subscription(self, name: str, epoch: int) -> None:
        """End the lease of this epoch, if it is the current one."""

    async def read_outbox(self, name: str, *, after: int, limit: int) -> list[OutboxEntry]:
        """Return the entries after a position that are for this subscription, in order."""

    async def advance(
        self, name: str, epoch: int, cursor: int, *, dead: Sequence[DeadLetterRecord] = ()
    ) -> bool:
        """Move a cursor forward and keep what could not be delivered, in one transaction.

        Returns False, and changes nothing, when ``epoch`` is not the current one. A
        cursor never moves back.
        """

    async def dead_letters(
        self, name: str | None = None, *, limit: int = 1_000
    ) -> list[DeadLetterRecord]:
        """Return the dead letters of a subscription, or of all, oldest first."""

    async def redeliver(
        self, name: str, event_ids: Sequence[str] | None = None, *, at: float
    ) -> int:
        """Put dead letters at the end of the outbox again, for their subscription alone.

        All of them when ``event_ids`` is None. Returns how many.
        """

    async def discard_dead_letters(self, name: str, event_ids: Sequence[str] | None = None) -> int:
        """Delete dead letters, all when ``event_ids`` is None; return how many."""

    async def prune_outbox(self, before: float, *, limit: int = 1_000) -> Pruned:
        """Delete entries that every subscription is done with, and those from before an instant.

        Looks at the ``limit`` oldest, so that a commit never waits long for it.
        """
