"""Writes: whole appends, many at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio
from msgspec import Struct

from tasker.stores.errors import StoreError
from tasker.stores.postgres.batch import Batch, Known, unstorable
from tasker.stores.postgres.database import Patience, Work
from tasker.stores.postgres.driver import (
    CONFLICTS,
    FAILURES,
    LOST,
    TAKEN,
    UNSTORABLE,
    Connection,
)
from tasker.stores.postgres.recording import hopeful, record
from tasker.stores.postgres.slice import Slice
from tasker.stores.records import Append

T = TypeVar("T")


class _Careful(Struct, frozen=True):
    """What came of a batch that was looked at append by append, after so many commits."""

    refusals: list[StoreError | None]
    batch: Batch
    commits: int


class JournalSlice(Slice):
    """See `JournalStore`.

    A commit is one statement, which is its own transaction. It is refused as a whole when
    some task is not where the appends take it to be; then the batch is looked at append
    by append, in a transaction of several statements.

    The writer's row counts the commits, and every commit names the count that it expects.
    So when the answer of one is lost with the connection, the count tells whether it
    happened, and the same commit that comes late finds another count and writes nothing.
    """

    _known: Known
    _commits: int | None = None

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """See `JournalStore.commit`."""
        self._database.check_open()
        if not appends:
            return []
        # Shielded: a cancelled statement may have been done all the same.
        with anyio.CancelScope(shield=True):
            try:
                outcomes = await self._commit(appends)
            except UNSTORABLE:
                # One append must not fail the others that happen to be beside it.
                outcomes = await self._commit_storable(appends)
        return outcomes

    async def probe(self) -> None:
        """See `JournalStore.probe`.

        It also ends every doubt: a commit that is still on its way finds another count.
        """
        self._commits = await self._database.write(
            lambda connection: connection.fetchval(self._journal["probe"].sql, self._writer_id),
            "commit",
        )

    async def _commit_storable(self, appends: Sequence[Append]) -> list[StoreError | None]:
        refused: list[StoreError | None] = [unstorable(append) for append in appends]
        storable = [
            append for append, reason in zip(appends, refused, strict=True) if reason is None
        ]
        outcomes = iter(await self._commit(storable) if storable else [])
        return [reason if reason is not None else next(outcomes) for reason in refused]

    async def _commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        # Not known again before this one has a known outcome: whoever is in doubt asks.
        commits, self._commits = self._commits, None
        batch = None if commits is None else hopeful(appends, self._known)
        if batch is not None and await self._recorded_at_once(batch, commits or 0):
            self._recorded(batch, commits or 0)
            return [None] * len(appends)
        return await self._recorded_with_care(appends)

    async def _recorded_at_once(self, batch: Batch, commits: int) -> bool:
        """Record the batch with one statement; return whether it was."""
        sql, arguments = batch.statement(self._journal, self._writer_id, commits)

        async def work(connection: Connection) -> bool:
            return bool(await connection.fetchval(sql, *arguments))

        try:
            return await self._settled(work, lambda: self._happened(commits), landed=True)
        except TAKEN:
            # An id or an identity that a task has: which, the other way tells.
            return False

    async def _recorded_with_care(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """Record what of the batch can be recorded; return why the rest is refused."""
        done: _Careful | None = None

        async def work(connection: Connection) -> _Careful:
            nonlocal done
            done = None
            async with connection.transaction():
                commits = await connection.fetchval(
                    self._journal["take_writer"].sql, self._writer_id
                )
                refusals, batch = await record(
                    connection,
                    self._journal,
                    appends,
                    self._known,
                    writer=self._writer_id,
                    commits=commits,
                )
                done = _Careful(refusals, batch, commits)
            return done

        async def happened() -> bool:
            return done is not None and await self._happened(done.commits)

        patience = Patience(self._database.options.reconnect_seconds)
        while True:
            try:
                result = await self._settled(work, happened, landed=None) or done
                break
            except TAKEN as cause:
                # Another process was first, between our look and our write.
                if not await patience.wait():
                    raise self._database.unavailable("commit", cause) from cause
        assert result is not None
        self._recorded(result.batch, result.commits)
        return result.refusals

    async def _settled(
        self, work: Work[T], happened: Callable[[], Awaitable[bool]], *, landed: T
    ) -> T:
        """Do a commit, again where that helps, until its outcome is known.

        Returns ``landed`` when it turns out to have happened although no answer came.
        """
        patience = Patience(self._database.options.reconnect_seconds)
        while True:
            try:
                return await self._database.once(work)
            except (*UNSTORABLE, TAKEN):
                raise
            except (*CONFLICTS, *LOST) as cause:
                if not await patience.wait():
                    raise self._database.unavailable("commit", cause) from cause
                if isinstance(cause, LOST) and await happened():
                    return landed
            except FAILURES as cause:
                raise self._database.unavailable("commit", cause) from cause

    async def _happened(self, commits: int) -> bool:
        """Return whether the writer has had more commits than that.

        Waits for one on which the server still works.
        """
        found = await self._database.read(
            lambda connection: connection.fetchval(
                self._journal["writer_commits"].sql, self._writer_id
            ),
            "commit",
        )
        return found is not None and found > commits

    def _recorded(self, batch: Batch, commits: int) -> None:
        self._commits = commits + 1
        self._known.add(batch)
        if batch.wakes:
            self._tell_others()
