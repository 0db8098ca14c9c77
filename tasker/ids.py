"""Ids of tasks: unique, and in order of time."""

from __future__ import annotations

import os
from collections.abc import Callable

from tasker.actors.protocols import Clock


class IdFactory:
    """Makes version 7 UUIDs (RFC 9562): milliseconds first, then a counter, then chance.

    Ids of one factory ascend even within a millisecond, so that lists are in
    order of submission and new rows land beside each other in the store.
    """

    def __init__(self, clock: Clock, randomness: Callable[[int], bytes] = os.urandom) -> None:
        self._clock = clock
        self._randomness = randomness
        self._millisecond = 0
        self._counter = 0

    def __call__(self) -> str:
        """Return the next id, as 36 characters."""
        now = int(self._clock.now() * 1000)
        if now > self._millisecond:
            self._millisecond, self._counter = now, 0
        else:
            self._counter += 1
            if self._counter > 0xFFF:
                self._millisecond, self._counter = self._millisecond + 1, 0
        chance = int.from_bytes(self._randomness(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
        number = (
            (self._millisecond & 0xFFFF_FFFF_FFFF) << 80
            | 0x7 << 76
            | self._counter << 64
            | 0b10 << 62
            | chance
        )
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_id_at(timestamp: float) -> str:
    """Return a text that sorts before the ids made from this instant on, and after all others.

    That is the beginning of an id: its milliseconds.
    """
    milliseconds = f"{min(max(int(timestamp * 1000), 0), 0xFFFF_FFFF_FFFF):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}"
