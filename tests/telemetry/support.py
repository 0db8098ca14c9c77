"""What tests of logs share: a logging set-up that is gone after the test."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tasker.telemetry import configure_logging


class Lines(io.StringIO):
    """A stream of log lines; ``json`` are those that were written so far."""

    handler: logging.Handler

    @property
    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def saying(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.json if event in line["event"]]

    def one(self, event: str) -> dict[str, Any]:
        (found,) = self.saying(event)
        return found


@contextmanager
def logged(**options: Any) -> Iterator[Lines]:
    """Have everything logged written as JSON lines meanwhile."""
    lines = Lines()
    configured = configure_logging(**{"format": "json", "stream": lines, **options})
    lines.handler = configured.handler
    try:
        yield lines
    finally:
        configured.restore()


class Kept(logging.Handler):
    """Keeps the records that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
