"""The engine's warnings, on stderr, in the form of the command that runs it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

from tasker.cli.printing import clean
from tasker.cli.settings import Settings


class _Handler(logging.Handler):
    def __init__(self, settings: Settings, write: Callable[[str, str], None]) -> None:
        super().__init__()
        self._settings = settings
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info and self._settings.traceback:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        elif record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            message += f": {type(error).__name__}: {error}"
        self._write(record.levelname.lower(), clean(message, keep="\n"))


@contextmanager
def engine_logs(
    settings: Settings, write: Callable[[str, str], None] | None = None
) -> Iterator[None]:
    """Pass the engine's warnings to ``write(level, message)`` while entered.

    What handlers print goes to stderr when our own output is JSON, which it would
    break.
    """
    handler = _Handler(settings, write or _to_stderr)
    logger = logging.getLogger("tasker")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        if settings.json:
            with redirect_stdout(sys.stderr):
                yield
        else:
            yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _to_stderr(level: str, message: str) -> None:
    print(f"{level}: {message}", file=sys.stderr, flush=True)
