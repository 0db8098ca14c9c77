"""Who works the store, and who owns which task."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import anyio

from tasker.stores.errors import StoreInUseError
from tasker.stores.one_node import OneNode
from tasker.stores.records import NodeRecord, TaskSnapshot
from tasker.stores.sqlite.node_lock import NodeLock
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import snapshots
from tasker.stores.sqlite.slice import Slice

_QUERIES = queries("claims")
_OUTBOX = queries("outbox")

# Whoever asks for the holder takes the lock for a moment. That long a lock that
# is taken may only be such a question.
_TRIES = 10
_PAUSE_SECONDS = 0.01


class ClaimSlice(Slice, OneNode):
    """See `ClaimStore`."""

    _lock: NodeLock
    _joined: NodeRecord | None = None
    _data_version: int | None = None

    async def join(self, node: NodeRecord, *, lease_seconds: float = 15.0) -> int:
        """See `ClaimStore.join`."""
        if self._joined is not None and self._joined.node_id != node.node_id:
            raise StoreInUseError(url=self._url, holder=str(self._joined))
        # Shielded: a lock that was taken for a caller who is gone is taken for ever.
        with anyio.CancelScope(shield=True):
            if self._joined is None:
                await self._take_lock()
            try:
                freed = await self._writer.write(lambda raw: _install(raw, node), "take over")
            except BaseException:
                if self._joined is None:
                    await self._writer.run("give up", lambda _: self._lock.release())
                raise
            self._joined = node
        return freed

    async def leave(self, node_id: str) -> None:
        """See `ClaimStore.leave`."""
        with anyio.CancelScope(shield=True):
            await self._writer.write(lambda raw: _remove(raw, node_id), "give up")
            if self._joined is not None and self._joined.node_id == node_id:
                await self._writer.run("give up", lambda _: self._lock.release())
                self._joined = None

    async def holder(self) -> NodeRecord | None:
        """See `ClaimStore.holder`."""
        if self._joined is not None:
            # A closed store answers no question, whatever it remembers.
            await self._reader.run("read", lambda _: None)
            return self._joined
        for _ in range(_TRIES):
            if not await self._reader.run("read", lambda _: self._lock.is_taken()):
                return None
            await anyio.sleep(_PAUSE_SECONDS)
        return await self._recorded_node()

    async def _owned(self) -> int:
        found: tuple[int] = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["owned"]).fetchone()
        )
        return found[0]

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
        claimed = await self._claim("claim_task", node_id=node_id, task_id=task_id)
        return claimed[0] if claimed else None

    async def next_wake_at(self) -> float | None:
        """See `ClaimStore.next_wake_at`."""
        found: tuple[float | None] = await self._reader.read(
            lambda raw: raw.execute(_QUERIES["next_wake_at"]).fetchone()
        )
        return found[0]

    async def changed(self) -> bool:
        """See `ClaimStore.changed`.

        SQLite counts the commits of other connections for each connection. The
        writer is the one to ask, since all of our own commits are its own.
        """
        found: tuple[int] = await self._writer.run(
            "read", lambda raw: raw.execute("PRAGMA data_version").fetchone()
        )
        (version,) = found
        before, self._data_version = self._data_version, version
        return before != version

    def listen(self, tell: Callable[[], None]) -> None:
        """See `ClaimStore.listen`: a file tells nothing by itself."""

    @property
    def hears(self) -> bool:
        """See `ClaimStore.hears`."""
        return False

    async def _claim(self, query: str, **asked: Any) -> list[TaskSnapshot]:
        def work(connection: sqlite3.Connection) -> list[TaskSnapshot]:
            claimed = connection.execute(_QUERIES[query], asked).fetchall()
            return snapshots(connection, [task_id for (task_id,) in claimed]) if claimed else []

        return await self._writer.write(work)

    async def _take_lock(self) -> None:
        for _ in range(_TRIES):
            if await self._writer.run("take over", lambda _: self._lock.take()):
                return
            await anyio.sleep(_PAUSE_SECONDS)
        node = await self._recorded_node()
        raise StoreInUseError(url=self._url, holder=str(node or "another process"))

    async def _recorded_node(self) -> NodeRecord | None:
        row = await self._reader.read(lambda raw: raw.execute(_QUERIES["get_node"]).fetchone())
        if row is None:
            return None
        return NodeRecord(node_id=row[0], host=row[1], pid=row[2], started_at=row[3])


def _install(connection: sqlite3.Connection, node: NodeRecord) -> int:
    connection.execute(_OUTBOX["free_former"], {"node_id": node.node_id})
    connection.execute(_QUERIES["put_node"], (node.node_id, node.host, node.pid, node.started_at))
    return connection.execute(_QUERIES["free_others"], {"node_id": node.node_id}).rowcount


def _remove(connection: sqlite3.Connection, node_id: str) -> None:
    connection.execute(_QUERIES["delete_node"], (node_id,))
    connection.execute(_QUERIES["free_own"], {"node_id": node_id})
    connection.execute(_OUTBOX["free_leases"], {"node_id": node_id})
