"""Reads of who asked for what."""

from __future__ import annotations

from msgspec.structs import asdict

from tasker.stores.matching import position_of
from tasker.stores.records import AuditFilter, AuditPage, AuditRecord
from tasker.stores.sqlite.queries import queries
from tasker.stores.sqlite.rows import Row
from tasker.stores.sqlite.slice import Slice

_QUERY = queries("audit")["audit"]
_ABOVE_ALL = 2**63 - 1


class AuditSlice(Slice):
    """See `AuditReader`."""

    async def audit(
        self, where: AuditFilter, *, cursor: str | None = None, limit: int = 50
    ) -> AuditPage:
        """See `AuditReader.audit`."""
        below = _ABOVE_ALL if cursor is None else position_of(cursor)
        # One more than asked for tells whether there is another page.
        asked = {**asdict(where), "below": below, "limit": limit + 1}
        rows = await self._reader.read(lambda raw: raw.execute(_QUERY, asked).fetchall())
        page = rows[:limit]
        more = bool(page) and len(rows) > limit
        return AuditPage(
            actions=tuple(_record(row) for row in page),
            next_cursor=str(page[-1][0]) if more else None,
        )


def _record(row: Row) -> AuditRecord:
    _, operation, by, step, reason, task_id, namespace, name, seq, at = row
    return AuditRecord(
        operation=operation,
        by=by,
        step=step,
        reason=reason,
        task_id=task_id,
        namespace=namespace,
        name=name,
        seq=seq,
        at=at,
    )
