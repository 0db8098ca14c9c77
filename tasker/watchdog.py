"""Sees a blocked event loop, and names what blocks it."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Self

from msgspec import Struct

from tasker.telemetry.engine_log import logger

BEAT_SECONDS = 0.1
RECENT_BEATS = 50
"""Beats that are remembered: some five seconds."""
HANDLERS = "tasker.handlers"


class Stall(Struct, frozen=True, kw_only=True):
    """A time during which the event loop did nothing else.

    ``culprit`` is the function of the user's code that held it, as
    ``module:name``, None when none was found; ``place`` the line it was at.
    """

    seconds: float
    culprit: str | None
    place: str


class Watchdog:
    """A thread that looks at the event loop's heartbeat, and at its stack when there is none.

    The loop cannot tell of its own standstill, so somebody else must. It costs a
    wake-up every tenth of a second on either side. ``late_seconds`` sums up by how much the
    ``beats`` so far came late.

    Args:
        limit_seconds: The standstill from which on it is told of.
        tell: Hears of each, once it is over; by default it is logged.
    """

    def __init__(
        self,
        limit_seconds: float = 1.0,
        tell: Callable[[Stall], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit_seconds
        self._tell = tell or _log
        self._monotonic = monotonic
        self._beat = monotonic()
        self._seen: tuple[str | None, str] | None = None
        self._late: deque[float] = deque([0.0], maxlen=RECENT_BEATS)
        self.late_seconds = 0.0
        self.beats = 0
        self._done = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        """Watch the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._beat = self._monotonic()
        # A timer and no task: whoever asks whether all tasks wait is not to meet this one.
        self._timer = self._loop.call_later(BEAT_SECONDS, self._go_round)
        thread = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="tasker-watchdog", daemon=True
        )
        thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Watch no more."""
        self._done.set()
        if self._timer is not None:
            self._timer.cancel()

    def _go_round(self) -> None:
        self.beat()
        assert self._loop is not None
        self._timer = self._loop.call_later(BEAT_SECONDS, self._go_round)

    def beat(self) -> None:
        """Show that the loop goes round; tell of a standstill that this beat ends."""
        now = self._monotonic()
        seconds, self._beat = now - self._beat - BEAT_SECONDS, now
        late = max(0.0, seconds)
        self._late.append(late)
        self.late_seconds += late
        self.beats += 1
        seen, self._seen = self._seen, None
        if seen is not None and seconds >= self._limit:
            self._tell(Stall(seconds=seconds, culprit=seen[0], place=seen[1]))

    def lag(self) -> float:
        """Return by how many seconds the loop was late at worst, in the last beats and now."""
        # A copy: whoever scrapes may be another thread.
        return max(*tuple(self._late), self._monotonic() - self._beat - BEAT_SECONDS)

    def look(self, frame: FrameType | None) -> None:
        """Remember where the loop stands, if it has stood long enough to be suspected."""
        late = self._monotonic() - self._beat - BEAT_SECONDS
        if late >= self._limit / 2 and self._seen is None and frame is not None:
            self._seen = _find_culprit(frame)

    def _watch(self, loop_thread: int) -> None:
        while not self._done.wait(BEAT_SECONDS):
            self.look(sys._current_frames().get(loop_thread))


def _find_culprit(frame: FrameType) -> tuple[str | None, str]:
    """Return the user's function that a handler's frame called, and the innermost line."""
    place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    caller: FrameType | None = frame
    inner: FrameType | None = None
    while caller is not None:
        module = caller.f_globals.get("__name__", "")
        if module.startswith(HANDLERS) and inner is not None:
            name = f"{inner.f_globals.get('__name__', '?')}:{inner.f_code.co_qualname}"
            return name, place
        inner, caller = caller, caller.f_back
    return None, place


def _log(stall: Stall) -> None:
    who = f"handler {stall.culprit}" if stall.culprit else "something"
    logger.warning(
        "%s held the event loop for %.1f s, at %s; everything else stood still. "
        "Write it as a plain def, which runs in a thread, or with executor: process",
        who,
        stall.seconds,
        stall.place,
    )
