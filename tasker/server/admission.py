"""Whether more can be taken, so that memory stays bounded and callers know when to come back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from tasker.engine import Engine
from tasker.server.config import SidecarConfig
from tasker.server.errors import OverloadedError

LONGEST_RETRY_SECONDS = 30
APPENDS_A_SECOND = 2_000
"""What any disk does; how long a queue takes is guessed by it."""


class Admission:
    """Counts the submissions under way, and looks at the journal's queue."""

    def __init__(self, engine: Engine, config: SidecarConfig) -> None:
        self._engine = engine
        self._most = config.max_pending_submissions
        self._ratio = config.overload_ratio
        self._pending = 0

    @property
    def pending(self) -> int:
        """Submissions under way."""
        return self._pending

    @contextmanager
    def admitted(self, count: int = 1) -> Iterator[None]:
        """Take so many submissions, for as long as they are under way.

        A request of more than may be under way at once is taken when nothing else is.

        Raises:
            OverloadedError: There is no room.
        """
        journal = self._engine.health().journal
        if journal.queued >= self._ratio * journal.capacity:
            seconds = math.ceil(journal.queued / APPENDS_A_SECOND)
            raise OverloadedError(
                reason=f"{journal.queued} changes wait to be recorded",
                retry_after=max(1, min(seconds, LONGEST_RETRY_SECONDS)),
            )
        if self._pending and self._pending + count > self._most:
            raise OverloadedError(
                reason=f"{self._pending} submissions are under way", retry_after=1
            )
        self._pending += count
        try:
            yield
        finally:
            self._pending -= count
