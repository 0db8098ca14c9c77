"""The journal: every append of every task, many to a commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anyio
from msgspec import Struct

from tasker.actors.actor import Actor
from tasker.actors.envelope import Reply
from tasker.actors.errors import ActorStoppedError, MailboxFullError
from tasker.actors.protocols import Clock
from tasker.stores.errors import StoreError, StoreUnavailableError
from tasker.stores.protocols import JournalStore
from tasker.stores.records import Append

PROBE_SECONDS = 0.25
"""Wait between two probes of a store that failed."""


Done = Callable[[Exception | None], None]
"""Hears of an append: None when it is durable, or why it is not."""


class Entry:
    """An append on its way, None for a mark that passes along with the others."""

    __slots__ = ("append", "done")

    def __init__(self, append: Append | None, done: Done) -> None:
        self.append = append
        self.done: Done | None = done

    def settle(self, outcome: Exception | None) -> None:
        """Tell how it ended; only the first time counts."""
        done, self.done = self.done, None
        if done is not None:
            done(outcome)


class JournalStatistics(Struct, frozen=True, kw_only=True):
    """What the journal has done: appends recorded, commits, commits that failed."""

    queued: int
    capacity: int
    appends: int
    commits: int
    failures: int
    healthy: bool


class Journal(Actor):
    """Writes appends in groups: one transaction for all that wait.

    A full mailbox makes the callers wait, which is the backpressure of the whole
    engine. A commit that fails fails every append in it, and every later one
    until a probe of the store succeeds.
    """

    def __init__(
        self,
        store: JournalStore,
        clock: Clock,
        *,
        capacity: int = 4_096,
        batch: int = 512,
        on_health: Callable[[StoreError | None], None] | None = None,
        on_fault: Callable[[str, Exception], None] | None = None,
    ) -> None:
        super().__init__("journal", capacity=capacity)
        self._store = store
        self._clock = clock
        self._batch = batch
        self._on_health = on_health
        self._on_fault = on_fault
        self._broken: StoreError | None = None
        self._mended = anyio.Event()
        self._probing = False
        self._appends = self._commits = self._failures = 0
        self._writing = 0

    async def append(self, append: Append) -> None:
        """Record an append; return when it is durable.

        A caller that is cancelled while it waits for room has appended nothing;
        once the append is queued, cancellation waits for its outcome.

        Raises:
            StaleLeaseError, AppendConflictError, DuplicateIdentityError: Refused.
            StoreError: The commit failed; whether it is recorded is unknown.
            ActorStoppedError: The journal has ended.
        """
        reply: Reply[None] = Reply()
        await self.enqueue(append, reply.settle)
        with anyio.CancelScope(shield=True):
            await reply.wait()

    async def enqueue(self, append: Append, done: Done) -> None:
        """Queue an append, waiting for room; ``done`` is called once with its outcome.

        It is called from the journal's own turn, and must return at once. Raises
        `ActorStoppedError` when the journal has ended, and calls nothing then.
        """
        entry = Entry(append, done)
        try:
            self.mailbox.put_nowait(entry)
        except MailboxFullError:
            await self.mailbox.put(entry)

    async def settled(self) -> None:
        """Return when all that was queued before this call is recorded or refused.

        Raises:
            StoreError: The store cannot be written to.
        """
        reply: Reply[None] = Reply()
        await self.mailbox.put(Entry(None, reply.settle))
        await reply.wait()

    async def recovered(self) -> None:
        """Return when the store can be written to."""
        while self._broken is not None:
            await self._mended.wait()

    @property
    def broken(self) -> StoreError | None:
        """Why the store cannot be written to just now, or None."""
        return self._broken

    @property
    def pending(self) -> int:
        """How many appends wait, or are being written."""
        return self.mailbox.statistics().depth + self._writing

    def statistics(self) -> JournalStatistics:
        """Return what the journal has done."""
        box = self.mailbox.statistics()
        return JournalStatistics(
            queued=box.depth,
            capacity=box.capacity,
            appends=self._appends,
            commits=self._commits,
            failures=self._failures,
            healthy=self._broken is None,
        )

    async def run(self) -> None:
        """Take what waits, commit it, answer; probe while the store is broken."""
        async with anyio.create_task_group() as group:
            while True:
                entries: list[Entry] = await self.mailbox.get_batch(self._batch)
                self._writing = len(entries)
                try:
                    await self._write(entries)
                finally:
                    self._writing = 0
                    self._settle(entries, _INTERRUPTED)
                if self._broken is not None and not self._probing:
                    group.start_soon(self._probe)

    def refuse(self, messages: Sequence[Any]) -> None:
        """Tell those whose appends nobody will write any more."""
        self._settle(messages, ActorStoppedError(actor=self.name))

    async def _write(self, entries: Sequence[Entry]) -> None:
        if self._broken is not None:
            self._settle(entries, self._broken)
            return
        appends = [entry.append for entry in entries if entry.append is not None]
        outcomes: Sequence[StoreError | None] = ()
        if appends:
            try:
                # A commit under way ends before the journal does: its outcome is known.
                with anyio.CancelScope(shield=True):
                    outcomes = await self._store.commit(appends)
            except Exception as cause:
                self._failures += 1
                error = _as_store_error(cause)
                self._break(error)
                self._settle(entries, error)
                return
            self._commits += 1
        self._appends += outcomes.count(None)
        answers = iter(outcomes)
        for entry in entries:
            self._tell(entry, None if entry.append is None else next(answers))

    def _settle(self, entries: Sequence[Entry], outcome: Exception | None) -> None:
        for entry in entries:
            self._tell(entry, outcome)

    def _tell(self, entry: Entry, outcome: Exception | None) -> None:
        try:
            entry.settle(outcome)
        except Exception as fault:
            # A listener's fault must not keep the others from hearing.
            if self._on_fault is not None:
                self._on_fault(self.name, fault)

    def _break(self, error: StoreError) -> None:
        self._broken = error
        self._mended = anyio.Event()
        if self._on_health is not None:
            self._on_health(error)

    async def _probe(self) -> None:
        self._probing = True
        try:
            while self._broken is not None:
                await self._clock.sleep(PROBE_SECONDS)
                try:
                    await self._store.probe()
                except Exception as error:
                    self._broken = _as_store_error(error)
                else:
                    self._broken = None
        finally:
            self._probing = False
        self._mended.set()
        if self._on_health is not None:
            self._on_health(None)


def _as_store_error(error: Exception) -> StoreError:
    """Return the error as a store raises it: a fault in a driver is an outage as well."""
    if isinstance(error, StoreError):
        return error
    return StoreUnavailableError(url="journal", operation="commit", cause=repr(error))


_INTERRUPTED = StoreUnavailableError(
    url="journal", operation="commit", cause="the journal stopped in the middle of a commit"
)
