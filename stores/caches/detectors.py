"""Functions that find out what caches of certain classes can do; an engine has one registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from msgspec import Struct

from tasker.stores.caches.known import class_names

Detector = Callable[[Any], Mapping[str, bool | None]]
"""Given the cache, returns what it can do; None for what it does not know."""


class Notice(Struct, frozen=True, kw_only=True):
    """Something that a person may want to know of caches, told once.

    Attributes:
        text: What happened, for a line of a log.
        facts: The particulars.
        trouble: Whether it is a warning.
    """

    text: str
    facts: Mapping[str, object]
    trouble: bool = False


Tell = Callable[[Notice], None]


def tell_nobody(notice: Notice) -> None:
    """Take a notice that nobody wants."""


class _Registration(Struct, frozen=True):
    pattern: re.Pattern[str]
    detector: Detector
    priority: int


class DetectorRegistry:
    """Detectors by the classes that they are for, and what was told already.

    Args:
        tell: Called with each notice, once for each.
    """

    def __init__(self, *, tell: Tell = tell_nobody) -> None:
        self._tell = tell
        self._told: set[Hashable] = set()
        self._registrations: list[_Registration] = []

    def register_detector(
        self, pattern: str | re.Pattern[str], detector: Detector, *, priority: int = 0
    ) -> None:
        """Have a detector asked about caches whose class's full name matches.

        A text matches where it is a part of the name, a pattern where `re.search` finds
        it; parents of the class count. Where several detectors say something of one
        capability, the one of the highest priority counts, then the one registered last.
        """
        compiled = re.compile(re.escape(pattern)) if isinstance(pattern, str) else pattern
        self._registrations.append(_Registration(compiled, detector, priority))

    def clear_detectors(self) -> None:
        """Forget all detectors."""
        self._registrations.clear()

    @property
    def detectors(self) -> tuple[Detector, ...]:
        """The detectors, in the order in which they are asked: what a later one says counts."""
        return tuple(each.detector for each in self._ordered())

    def detect(self, cache: object) -> dict[str, bool]:
        """Return what the detectors say of a cache. One that fails says nothing; it is told."""
        found: dict[str, bool] = {}
        names = class_names(cache)
        for each in self._ordered():
            if any(each.pattern.search(name) for name in names):
                found |= self._asked(each, cache)
        return found

    def tell_once(self, key: Hashable, notice: Notice) -> None:
        """Tell something, unless something was told under this key."""
        if key not in self._told:
            self._told.add(key)
            self._tell(notice)

    def tell(self, notice: Notice) -> None:
        """Tell something, each time."""
        self._tell(notice)

    def _ordered(self) -> list[_Registration]:
        return sorted(self._registrations, key=lambda each: each.priority)

    def _asked(self, registration: _Registration, cache: object) -> dict[str, bool]:
        try:
            said = dict(registration.detector(cache))
            return {name: bool(has) for name, has in said.items() if has is not None}
        except Exception as error:
            notice = Notice(
                text="a detector of cache capabilities failed, and is not heard",
                facts={
                    "detector": getattr(registration.detector, "__qualname__", "?"),
                    "cache_class": class_names(cache)[0],
                    "error": f"{type(error).__name__}: {error}",
                },
                trouble=True,
            )
            self.tell_once((registration.detector, class_names(cache)[0]), notice)
            return {}
