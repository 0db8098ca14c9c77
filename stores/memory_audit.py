"""Who asked for what, in memory."""

from __future__ import annotations

from msgspec.structs import asdict

from tasker.stores.matching import matches_audit, position_of
from tasker.stores.memory_base import MemoryBase
from tasker.stores.records import Append, AuditFilter, AuditPage, AuditRecord, TaskSummary


class MemoryAudit(MemoryBase):
    """See `AuditReader`."""

    def __init__(self) -> None:
        super().__init__()
        self._actions: list[AuditRecord] = []

    async def audit(
        self, where: AuditFilter, *, cursor: str | None = None, limit: int = 50
    ) -> AuditPage:
        """See `AuditReader.audit`."""
        self._check_open()
        below = len(self._actions) if cursor is None else position_of(cursor)
        found = [
            position
            for position in range(min(below, len(self._actions)) - 1, -1, -1)
            if matches_audit(self._actions[position], where)
        ]
        page = found[:limit]
        return AuditPage(
            actions=tuple(self._actions[position] for position in page),
            next_cursor=str(page[-1]) if page and len(found) > limit else None,
        )

    def _keep_actions(self, task: TaskSummary, append: Append) -> None:
        self._actions += [
            AuditRecord(
                **asdict(action),
                task_id=task.task_id,
                namespace=task.namespace,
                name=task.name,
                seq=append.seq,
                at=append.at,
            )
            for action in append.actions
        ]
