"""What commits of the journal take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tasker.stores.errors import StoreError
from tasker.stores.protocols import JournalStore
from tasker.stores.records import Append
from tasker.telemetry.metrics.tallies import APPEND_BOUNDS, COMMIT_BOUNDS, Distribution


class MeasuredCommits:
    """A journal's store that knows how long commits took, and how many appends they held.

    A commit that failed counts as well: whoever waited for it waited that long.

    Args:
        store: What commits.
        monotonic: A clock that only goes forward, in seconds.
    """

    def __init__(self, store: JournalStore, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._monotonic = monotonic
        self.seconds = Distribution(COMMIT_BOUNDS)
        self.appends = Distribution(APPEND_BOUNDS)
        self._begun: float | None = None

    @property
    def under_way_seconds(self) -> float:
        """How long the commit that is under way has taken by now; 0 when there is none."""
        begun = self._begun
        return 0.0 if begun is None else self._monotonic() - begun

    async def commit(self, appends: Sequence[Append]) -> list[StoreError | None]:
        """See `JournalStore.commit`."""
        begun = self._begun = self._monotonic()
        try:
            return await self._store.commit(appends)
        finally:
            self._begun = None
            self.seconds.observe(self._monotonic() - begun)
            self.appends.observe(len(appends))

    async def probe(self) -> None:
        """See `JournalStore.probe`."""
        await self._store.probe()
