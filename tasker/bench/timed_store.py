"""A store in front of a store, that knows how long commits took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tasker.stores.errors import StoreError
from tasker.stores.protocols import Store
from tasker.stores.records import Append


class TimedStore:
    """Passes everything on to a store; counts commits, their appends, and their seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits = 0
        self.appends = 0
        self.busy_seconds = 0.0

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """See `JournalStore.commit`."""
        began = time.perf_counter()
        try:
            return await self._store.commit(appends)
        finally:
            self.busy_seconds += time.perf_counter() - began
            self.commits += 1
            self.appends += len(appends)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
