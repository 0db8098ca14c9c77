"""What was read of the outbox and is not done with: in order for each task."""

from __future__ import annotations

from collections import deque

from msgspec import Raw, Struct


class Parcel(Struct, frozen=True, gc=False):
    """What a subscription wants of one entry: JSON objects, in their order."""

    position: int
    task_id: str
    events: tuple[Raw, ...]


class Window:
    """A stretch of the outbox, from the cursor to what was read last.

    Each task has a lane, in which its parcels stand in order. The cursor follows the
    oldest parcel that is not done with, whatever was done beyond it.
    """

    def __init__(self, cursor: int) -> None:
        self.read = cursor
        """The position that was read last."""
        self._open: dict[int, None] = {}
        self._lanes: dict[str, deque[Parcel]] = {}

    def __len__(self) -> int:
        """How many parcels are not done with."""
        return len(self._open)

    @property
    def tasks(self) -> int:
        """How many tasks they are of."""
        return len(self._lanes)

    @property
    def cursor(self) -> int:
        """The position up to which everything is done with."""
        return next(iter(self._open)) - 1 if self._open else self.read

    def add(self, parcel: Parcel) -> bool:
        """Take in what was read next; return whether its task had nothing in the window.

        One without events is done with at once.
        """
        self.read = parcel.position
        if not parcel.events:
            return False
        self._open[parcel.position] = None
        lane = self._lanes.get(parcel.task_id)
        if lane is not None:
            lane.append(parcel)
            return False
        self._lanes[parcel.task_id] = deque([parcel])
        return True

    def next(self, task_id: str) -> Parcel | None:
        """Return a task's oldest parcel; None when it has none, and its lane is gone."""
        lane = self._lanes.get(task_id)
        return lane[0] if lane else None

    def done(self, parcel: Parcel) -> None:
        """Take out a task's oldest parcel."""
        del self._open[parcel.position]
        lane = self._lanes[parcel.task_id]
        lane.popleft()
        if not lane:
            del self._lanes[parcel.task_id]
