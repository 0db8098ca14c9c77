"""Who works the store, and who owns which task."""

from __future__ import annotations

import anyio
from msgspec.structs import asdict

from tasker.stores.errors import StoreInUseError
from tasker.stores.postgres.database import Patience
from tasker.stores.postgres.driver import CONFLICTS, FAILURES, LOST, Connection
from tasker.stores.postgres.node_lock import NodeLock
from tasker.stores.postgres.rows import snapshots
from tasker.stores.postgres.slice import Slice
from tasker.stores.postgres.statements import Statements
from tasker.stores.records import NodeRecord, TaskSnapshot


class ClaimSlice(Slice):
    """See `ClaimStore`."""

    _claims: Statements
    _outbox: Statements
    _lock: NodeLock
    _lock_key: int
    _joined: NodeRecord | None = None
    _changes: int | None = None
    _doubtful: list[TaskSnapshot]
    _claiming: anyio.Lock

    async def join(self, node: NodeRecord) -> int:
        """See `ClaimStore.join`."""
        self._database.check_open()
        if self._joined is not None and self._joined.node_id != node.node_id:
            raise StoreInUseError(url=self._url, holder=str(self._joined))
        # Shielded: a lock that was taken for a caller who is gone is taken for ever.
        with anyio.CancelScope(shield=True):
            if self._joined is None:
                await self._take_lock()
            try:
                freed = await self._database.transact(lambda c: self._install(c, node), "take over")
            except BaseException:
                if self._joined is None:
                    await self._lock.release()
                raise
            self._joined = node
        return freed

    async def leave(self, node_id: str) -> None:
        """See `ClaimStore.leave`."""
        with anyio.CancelScope(shield=True):
            await self._database.transact(lambda c: self._remove(c, node_id), "give up")
            if self._joined is not None and self._joined.node_id == node_id:
                await self._lock.release()
                self._joined = None
        self._tell_others()

    async def holder(self) -> NodeRecord | None:
        """See `ClaimStore.holder`."""
        self._database.check_open()
        if self._joined is not None:
            return self._joined
        rows = await self._database.rows(self._claims["holder"], key=self._lock_key)
        return NodeRecord(**rows[0]) if rows else None

    async def claim_backlog(self, node_id: str, limit: int) -> list[TaskSnapshot]:
        """See `ClaimStore.claim_backlog`."""
        claimed = await self._claim("claim_backlog", node_id=node_id, limit=limit)
        return sorted(claimed, key=lambda found: (-found.task.priority, found.task.task_id))

    async def claim_due(self, node_id: str, now: float, limit: int) -> list[TaskSnapshot]:
        """See `ClaimStore.claim_due`."""
        claimed = await self._claim("claim_due", node_id=node_id, now=now, limit=limit)
        return sorted(claimed, key=lambda found: (found.task.wake_at, found.task.task_id))

    async def claim_task(self, node_id: str, task_id: str) -> TaskSnapshot | None:
        """See `ClaimStore.claim_task`."""
        # Claimed again, should the answer of the first time be lost: by then it is our own.
        claimed = await self._claim("claim_task", node_id=node_id, task_id=task_id)
        return claimed[0] if claimed else None

    async def next_wake_at(self) -> float | None:
        """See `ClaimStore.next_wake_at`."""
        ((at,),) = await self._database.rows(self._claims["next_wake_at"])
        return None if at is None else float(at)

    async def changed(self) -> bool:
        """See `ClaimStore.changed`."""
        ((changes,),) = await self._database.rows(
            self._journal["changes_of_others"], writer_id=self._writer_id
        )
        before, self._changes = self._changes, changes
        return before != self._changes

    async def _claim(self, query: str, **asked: object) -> list[TaskSnapshot]:
        # One at a time, for what is doubtful of one is not mistaken for another's.
        async with self._claiming:
            with anyio.CancelScope(shield=True):
                claimed = await self._claim_patiently(query, asked)
            return claimed

    async def _claim_patiently(self, query: str, asked: dict[str, object]) -> list[TaskSnapshot]:
        """Claim, again where that helps."""
        patience = Patience(self._database.options.reconnect_seconds)
        while True:
            try:
                return await self._database.once(lambda c: self._claim_once(c, query, asked))
            except (*CONFLICTS, *LOST) as cause:
                if not await patience.wait():
                    raise self._database.unavailable("write", cause) from cause
            except FAILURES as cause:
                raise self._database.unavailable("write", cause) from cause

    async def _claim_once(
        self, connection: Connection, query: str, asked: dict[str, object]
    ) -> list[TaskSnapshot]:
        """Claim in one transaction.

        What a claim takes is known before it is committed. So when the answer of the
        commit is lost, the next claim begins with looking whether it happened.
        """
        if self._doubtful and query != "claim_task":
            claimed = await self._still_claimed(connection, self._doubtful)
            self._doubtful = []
            if claimed:
                return claimed
        statement = self._claims[query]
        async with connection.transaction():
            rows = await connection.fetch(statement.sql, *statement.arguments(asked))
            if not rows:
                return []
            # A statement of its own, which sees the tasks as they were when they were locked.
            found = await snapshots(connection, self._reads, [row[0] for row in rows])
            if query != "claim_task":
                self._doubtful = found
        self._doubtful = [] if query != "claim_task" else self._doubtful
        return found

    async def _still_claimed(
        self, connection: Connection, claimed: list[TaskSnapshot]
    ) -> list[TaskSnapshot]:
        statement = self._claims["still_claimed"]
        asked = {
            "task_ids": [each.task.task_id for each in claimed],
            "epochs": [each.task.epoch for each in claimed],
            "node_id": claimed[0].task.owner,
        }
        rows = await connection.fetch(statement.sql, *statement.arguments(asked))
        still = {row[0] for row in rows}
        return [each for each in claimed if each.task.task_id in still]

    async def _take_lock(self) -> None:
        patience = Patience(self._database.options.reconnect_seconds)
        while True:
            try:
                taken = await self._lock.take()
                break
            except FAILURES as cause:
                if not await patience.wait():
                    raise self._database.unavailable("take over", cause) from cause
        if not taken:
            holder = await self.holder()
            raise StoreInUseError(url=self._url, holder=str(holder or "another process"))

    async def _install(self, connection: Connection, node: NodeRecord) -> int:
        put = self._claims["put_node"]
        await connection.execute(self._journal["fold_writers"].sql, self._writer_id)
        await connection.execute(self._outbox["free_former"].sql, node.node_id)
        await connection.execute(self._claims["delete_other_nodes"].sql, node.node_id)
        await connection.execute(put.sql, *put.arguments(asdict(node)))
        freed = await connection.execute(self._claims["free_others"].sql, node.node_id)
        return int(freed.split()[-1])

    async def _remove(self, connection: Connection, node_id: str) -> None:
        await connection.execute(self._claims["delete_node"].sql, node_id)
        await connection.execute(self._claims["free_own"].sql, node_id)
        await connection.execute(self._outbox["free_leases"].sql, node_id)
