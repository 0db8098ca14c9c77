"""The longest of many, without keeping the others."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Descending(str):
    """Text whose order is turned around, so that of two equals the earlier one stays."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


class Slowest(Generic[Item]):
    """The items with the greatest values; of equal ones, those with the least names."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, _Descending, Item]] = []
        self.floor = -1
        """A value below which nothing can enter any more."""

    def offer(self, value: int, name: str, item: Item) -> None:
        """Keep an item if it is among the greatest; names are unique."""
        entry = (value, _Descending(name), item)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        elif self._heap and self._heap[0] < entry:
            heapq.heapreplace(self._heap, entry)
        if len(self._heap) == self._most and self._heap:
            self.floor = self._heap[0][0]

    def items(self) -> list[Item]:
        """Return them, the greatest first."""
        return [item for _, _, item in sorted(self._heap, reverse=True)]
