"""Reads of who asked for what."""

from __future__ import annotations

from msgspec.structs import asdict

from tasker.stores.matching import position_of
from tasker.stores.postgres.driver import Row
from tasker.stores.postgres.slice import Slice
from tasker.stores.postgres.statements import Statements
from tasker.stores.records import AuditFilter, AuditPage, AuditRecord

_ABOVE_ALL = 2**63 - 1


class AuditSlice(Slice):
    """See `AuditReader`."""

    _audit: Statements

    async def audit(
        self, where: AuditFilter, *, cursor: str | None = None, limit: int = 50
    ) -> AuditPage:
        """See `AuditReader.audit`."""
        below = _ABOVE_ALL if cursor is None else position_of(cursor)
        # One more than asked for tells whether there is another page.
        rows = await self._database.rows(
            self._audit["audit"], **asdict(where), below=below, limit=limit + 1
        )
        page = rows[:limit]
        more = bool(page) and len(rows) > limit
        return AuditPage(
            actions=tuple(_record(row) for row in page),
            next_cursor=str(page[-1]["position"]) if more else None,
        )


def _record(row: Row) -> AuditRecord:
    return AuditRecord(**{name: value for name, value in row.items() if name != "position"})
