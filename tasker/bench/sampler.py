"""What the threads of this process do, seen from the side."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType, TracebackType
from typing import Literal, Self

Activity = Literal["idle", "engine", "handler"]

SAMPLE_SECONDS = 0.005
_PACKAGE = Path(__file__).resolve().parents[1]
# Behind the links of a checkout the rooms lie beside the package, and both names
# may come up in a frame.
_OURS = tuple(
    {
        f"{folder}/"
        for name in (".", "actors", "stores")
        for folder in (_PACKAGE / name, (_PACKAGE / name).resolve())
    }
)
_ATTEMPT = ("/handlers/attempt.py", "/handlers/call.py", "/handlers/function.py")
_WAITING = {("selectors.py", "select"), ("runners.py", "run"), ("base_events.py", "run_forever")}


class Sampler:
    """Looks at the stacks of all threads some hundred times a second.

    The thread that enters it is the loop's. `idle`, `engine` and `handler` are the
    shares of its samples; ``threads_busy`` is the mean number of other threads that
    were inside a handler.
    """

    def __init__(self) -> None:
        self._loop = threading.get_ident()
        self._seen: Counter[Activity] = Counter()
        self._threads = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="tasker-bench", daemon=True)

    def share(self, activity: Activity) -> float:
        """Return which part of the samples found the loop's thread at this."""
        return self._seen[activity] / max(1, self._seen.total())

    @property
    def threads_busy(self) -> float:
        """Threads inside a handler, on average."""
        return self._threads / max(1, self._seen.total())

    def __enter__(self) -> Self:
        self._loop = threading.get_ident()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()

    def _sample(self) -> None:
        mine = threading.get_ident()
        while not self._ended.wait(SAMPLE_SECONDS):
            for ident, frame in sys._current_frames().items():
                if ident == self._loop:
                    self._seen[activity_of(frame)] += 1
                elif ident != mine and activity_of(frame) == "handler":
                    self._threads += 1


def activity_of(frame: FrameType | None) -> Activity:
    """Return what a thread with this innermost frame is at.

    Inside a handler is whoever has called code that is not ours from where
    attempts are run; waiting, whose innermost frame waits for the selector.
    """
    if frame is None or _waits(frame):
        return "idle"
    foreign = False
    while frame is not None:
        file = frame.f_code.co_filename
        ours = file.startswith(_OURS)
        if ours and file.endswith(_ATTEMPT):
            return "handler" if foreign else "engine"
        foreign = foreign or not ours
        frame = frame.f_back
    return "engine"


def _waits(frame: FrameType) -> bool:
    code = frame.f_code
    return (Path(code.co_filename).name, code.co_name) in _WAITING
