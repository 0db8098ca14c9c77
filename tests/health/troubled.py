"""A store whose commits and probes can be made to fail or to hang."""

from __future__ import annotations

from typing import Any

import anyio

from tasker.errors import StoreUnavailableError
from tasker.stores import MemoryStore


class Troubled(MemoryStore):
    """As `MemoryStore`, until it is told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False
        self.probes = 0
        self.hangs: anyio.Event | None = None
        self.commits_hang: anyio.Event | None = None

    def _trouble(self) -> None:
        if self.fails:
            raise StoreUnavailableError(url="failing://", operation="write", cause="no more disk")

    async def commit(self, appends: Any) -> Any:
        self._trouble()
        if self.commits_hang is not None:
            await self.commits_hang.wait()
        return await super().commit(appends)

    async def probe(self) -> None:
        self.probes += 1
        if self.hangs is not None:
            # As a write on another thread: nobody can call it off.
            with anyio.CancelScope(shield=True):
                await self.hangs.wait()
        self._trouble()
        await super().probe()
