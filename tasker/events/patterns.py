"""Which events are meant: a name, ``order.*`` for all below a namespace, ``*`` for all."""

from __future__ import annotations

from collections.abc import Iterable


class Patterns:
    """Names and patterns of events."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.texts = tuple(dict.fromkeys(patterns))
        self._all = "*" in self.texts
        self._names = frozenset(text for text in self.texts if not text.endswith("*"))
        self._prefixes = tuple(text[:-1] for text in self.texts if text.endswith(".*"))

    def match(self, name: str) -> bool:
        """Return whether an event of that name is meant."""
        return self._all or name in self._names or name.startswith(self._prefixes)
