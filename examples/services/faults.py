"""What goes wrong, and when: by test card, or as an administrator orders."""

from __future__ import annotations

import threading
from collections import Counter, deque
from enum import StrEnum

from examples.services.books import Books


class Fault(StrEnum):
    """A way to fail. The last two do the work and lose the answer."""

    UNAVAILABLE = "unavailable"
    """503 with ``Retry-After`` in seconds; nothing is done."""

    UNAVAILABLE_UNTIL = "unavailable_until"
    """503 with ``Retry-After`` as an HTTP date; nothing is done."""

    SLOW = "slow"
    """The work is done, the answer comes after the client has given up."""

    RESET = "reset"
    """The work is done, then the connection is reset."""


TEST_CARDS: dict[str, tuple[Fault, ...]] = {
    "tok_503": (Fault.UNAVAILABLE,),
    "tok_503_date": (Fault.UNAVAILABLE_UNTIL,),
    "tok_slow": (Fault.SLOW,),
    "tok_reset": (Fault.RESET,),
    "tok_reset_then_503": (Fault.RESET, Fault.UNAVAILABLE),
}
"""What happens to the first requests of a payment with such a card, one after the other."""


class Faults:
    """Decides for each request whether it fails; safe to use from threads."""

    def __init__(self, books: Books | None = None) -> None:
        self._books = books or Books()
        self._seen = Counter(key for kind, key, _ in self._books.entries() if kind == "faults")
        self._ordered: dict[str, deque[Fault]] = {}
        self._lock = threading.Lock()

    def order(self, path: str, fault: Fault, times: int = 1) -> None:
        """Let the next requests to a path fail, so many times."""
        with self._lock:
            self._ordered.setdefault(path, deque()).extend([fault] * times)

    def take(self, path: str, key: str, card: str | None) -> Fault | None:
        """Return how this request fails, None for not at all."""
        with self._lock:
            if self._ordered.get(path):
                return self._ordered[path].popleft()
            script = TEST_CARDS.get(card or "", ())
            if not script:
                return None
            nth = self._seen[key]
            if nth == len(script):
                return None
            self._books.add("faults", key, {"fault": script[nth]})
            self._seen[key] += 1
            return script[nth]
