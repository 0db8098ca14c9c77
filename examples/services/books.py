"""The shop's memory: a file that is only ever added to, so that it survives a kill."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One thing that was done, under the key that it was asked for with."""

    kind: str
    key: str
    body: dict[str, Any]


class Books:
    """A line for every entry, in the order in which they were made; no file, no memory."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()

    def entries(self) -> Iterator[Entry]:
        """Read what was written, but for a last line that a kill cut short."""
        if self._file is None or not self._file.exists():
            return
        for line in self._file.read_text(encoding="utf-8").splitlines():
            try:
                yield Entry(*json.loads(line))
            except ValueError:
                continue

    def add(self, kind: str, key: str, body: dict[str, Any]) -> None:
        """Write an entry."""
        if self._file is not None:
            with self._lock, self._file.open("a", encoding="utf-8") as file:
                # A blank line before each, in case the one before was cut short.
                file.write("\n" + json.dumps([kind, key, body]) + "\n")
