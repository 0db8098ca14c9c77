"""The appends that the engine really makes, for the parts to be measured with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from benchmarks.shapes import DIAMOND, definition, request
from tasker.bench.load import run_load
from tasker.bench.timed_store import TimedStore
from tasker.engine import Engine
from tasker.stores.errors import StoreError
from tasker.stores.memory import MemoryStore
from tasker.stores.protocols import Store
from tasker.stores.records import Append


class RecordingStore(TimedStore):
    """Keeps every append that was committed."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.recorded: list[Append] = []

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """See `JournalStore.commit`."""
        self.recorded.extend(appends)
        return await super().commit(appends)


async def diamond_appends(tasks: int) -> list[Append]:
    """Run diamonds in memory and return their appends, in the order of being committed."""
    store = RecordingStore(MemoryStore())
    async with Engine.open(cast(Store, store), definitions=definition("diamond", DIAMOND)) as one:
        await run_load(one, request("diamond"), concurrency=64, tasks=tasks)
    return store.recorded


def batched(appends: Sequence[Append], size: int) -> list[Sequence[Append]]:
    """Return the appends in batches of a size, their order kept."""
    return [appends[start : start + size] for start in range(0, len(appends), size)]
