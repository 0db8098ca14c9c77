"""Who works the store, and who owns which task."""

from __future__ import annotations

import anyio
from msgspec.structs import asdict

from tasker.stores.leases import LeaseLine, NodeStatus
from tasker.stores.postgres.database import Patience
from tasker.stores.postgres.driver import CONFLICTS, FAILURES, LOST, Connection
from tasker.stores.postgres.lease_line import PostgresLeaseLine
from tasker.stores.postgres.rows import snapshots
from tasker.stores.postgres.slice import Slice
from tasker.stores.postgres.statements import Statements
from tasker.stores.records import NodeRecord, TaskSnapshot


class ClaimSlice(Slice):
    """See `ClaimStore`."""

    _claims: Statements
    _joined: set[str]
    _outbox: Statements
    _changes: int | None = None
    _doubtful: list[TaskSnapshot]
    _claiming: anyio.Lock

    @property
    def many_nodes(self) -> bool:
        """See `LeaseStore.many_nodes`."""
        return True

    async def join(self, node: NodeRecord, *, lease_seconds: float = 15.0) -> int:
        """See `ClaimStore.join`."""

        async def work(connection: Connection) -> int:
            put = self._claims["put_node"]
            await connection.execute(self._journal["fold_writers"].sql, self._writer_id)
            # Freed first: whoever renews a lease must not find it alive and with tasks.
            freed = await connection.execute(self._claims["free_own"].sql, node.node_id)
            asked = {**asdict(node), "seconds": lease_seconds}
            await connection.execute(put.sql, *put.arguments(asked))
            return int(freed.split()[-1])

        freed = await self._database.transact(work, "take over")
        self._joined.add(node.node_id)
        return freed

    async def leave(self, node_id: str) -> None:
        """See `ClaimStore.leave`."""

        async def work(connection: Connection) -> None:
            await connection.execute(self._claims["leave_own"].sql, node_id)
            await connection.execute(self._claims["delete_node"].sql, node_id)
            await connection.execute(self._outbox["free_leases"].sql, node_id)

        await self._database.transact(work, "give up")
        self._joined.discard(node_id)
        self._tell_others()

    async def holder(self) -> NodeRecord | None:
        """See `ClaimStore.holder`."""
        rows = await self._database.rows(self._claims["holder"])
        return NodeRecord(**rows[0]) if rows else None

    def lease_line(self, seconds: float) -> LeaseLine | None:
        """See `LeaseStore.lease_line`."""
        return PostgresLeaseLine(
            self._database.options,
            self._database.settings,
            self._claims,
            seconds=seconds,
            url=self._url,
        )

    async def nodes(self) -> list[NodeStatus]:
        """See `LeaseStore.nodes`."""
        return [
            NodeStatus(
                node=NodeRecord(
                    node_id=row["node_id"],
                    host=row["host"],
                    pid=row["pid"],
                    started_at=row["started_at"],
                    version=row["version"],
                ),
                tasks=row["tasks"],
                lease_seconds=row["lease_seconds"],
                lag_seconds=row["lag_seconds"],
                draining=row["draining"],
            )
            for row in await self._database.rows(self._claims["nodes"])
        ]

    async def drain_node(self, node_id: str) -> bool:
        """See `LeaseStore.drain_node`."""
        return bool(await self._database.put(self._claims["drain_node"], node_id=node_id))

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
