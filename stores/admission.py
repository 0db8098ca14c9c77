"""Which appends of a batch a store records: one rule for every store.

A batch means what its appends would mean one after the other. The rule is pure;
a store fetches the facts it needs, for the whole batch at once, and records what
was not refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from tasker.stores.errors import (
    AppendConflictError,
    DuplicateIdentityError,
    StaleLeaseError,
    StoreError,
)
from tasker.stores.records import Append


class Head(Struct, frozen=True):
    """Where a task stands: its current epoch, and the number of its newest append."""

    epoch: int
    seq: int


class IdentityHolder(Struct, frozen=True):
    """The task that has an identity."""

    task_id: str
    created_at: float


class Admission(Struct):
    """The facts that decide, moved on by every append that is admitted.

    ``heads`` holds every known task of the batch, ``identities`` every holder of
    an identity that the batch asks for. ``freed`` collects the tasks that lost
    their identity to a younger one because it had expired.
    """

    heads: dict[str, Head]
    identities: dict[str, IdentityHolder]
    freed: set[str]

    def refusals(self, appends: Iterable[Append]) -> list[StoreError | None]:
        """Return for each append, in order, why it is refused, or None."""
        return [self._admit(append) for append in appends]

    def _admit(self, append: Append) -> StoreError | None:
        head = self.heads.get(append.task_id)
        refusal = _out_of_step(append, head) or self._identity_taken(append)
        if refusal is not None:
            return refusal
        self.heads[append.task_id] = Head(append.epoch, append.seq)
        created = append.created
        if created is not None and created.identity is not None:
            self.identities[created.identity] = IdentityHolder(created.task_id, created.created_at)
        return None

    def _identity_taken(self, append: Append) -> StoreError | None:
        """Refuse an identity that a task has; take it from one for which it expired."""
        if append.created is None or append.created.identity is None:
            return None
        identity = append.created.identity
        holder = self.identities.get(identity)
        if holder is None:
            return None
        expires_before = append.identity_expires_before
        if expires_before is None or holder.created_at >= expires_before:
            return DuplicateIdentityError(identity=identity, task_id=holder.task_id)
        self.freed.add(holder.task_id)
        return None


def wanted_identities(appends: Sequence[Append]) -> set[str]:
    """Return the identities that the batch asks for."""
    return {
        append.created.identity
        for append in appends
        if append.created is not None and append.created.identity is not None
    }


def _out_of_step(append: Append, head: Head | None) -> StoreError | None:
    """Refuse a writer that does not own the task, or has missed some of its appends."""
    if head is None:
        current = None if append.created is None else append.created.epoch
        head = Head(append.epoch, 0)
    else:
        current = head.epoch
    if append.epoch != current:
        return StaleLeaseError(task_id=append.task_id, epoch=append.epoch, current=current)
    if append.seq != head.seq + 1 or (append.created is not None and head.seq > 0):
        return AppendConflictError(task_id=append.task_id, seq=append.seq, expected=head.seq + 1)
    return None
