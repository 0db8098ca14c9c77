"""What is logged while a command works: the engine's warnings in the form of the command,
and what the application logs, on stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout

from tasker.cli.printing import clean
from tasker.cli.settings import Settings
from tasker.telemetry.masking import Masker

_TOLD_OTHERWISE = "tasker.tasks"  # the commands show by themselves what becomes of tasks


class _Handler(logging.Handler):
    def __init__(self, settings: Settings, write: Callable[[str, str], None]) -> None:
        super().__init__()
        self._settings = settings
        self._write = write
        self._masker = Masker()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == _TOLD_OTHERWISE:
            return
        message = record.getMessage()
        if record.exc_info and self._settings.traceback:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        elif record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            message += f": {type(error).__name__}: {error}"
        self._write(record.levelname.lower(), clean(self._masker.text(message), keep="\n"))


@contextmanager
def engine_logs(
    settings: Settings, write: Callable[[str, str], None] | None = None
) -> Iterator[None]:
    """Have everything logged go where it is looked for, while entered.

    The engine's warnings go to ``write(level, message)``. With the options for logs they
    are written as all the others: on stderr. What the application has set up stays, and
    then nothing is added unless those options ask for it.

    What handlers print goes to stderr when our own output is JSON, which it would
    break.
    """
    with ExitStack() as stack:
        if settings.logs_asked_for or not logging.getLogger().handlers:
            _configure(settings, stack)
        if not settings.logs_asked_for:
            _take_over(_Handler(settings, write or _to_stderr), stack)
        if settings.json:
            stack.enter_context(redirect_stdout(sys.stderr))
        yield


def _configure(settings: Settings, stack: ExitStack) -> None:
    from tasker.telemetry.logs import configure_logging

    form = settings.log_format
    configured = configure_logging(
        "json" if form == "json" else "console" if form == "console" else "auto",
        level=settings.log_level or ("info" if settings.logs_asked_for else "warning"),
    )
    stack.callback(configured.restore)


def _take_over(handler: logging.Handler, stack: ExitStack) -> None:
    """Take what the engine logs away from everybody else."""
    logger = logging.getLogger("tasker")
    stack.callback(setattr, logger, "propagate", logger.propagate)
    logger.propagate = False
    logger.addHandler(handler)
    stack.callback(logger.removeHandler, handler)


def _to_stderr(level: str, message: str) -> None:
    print(f"{level}: {message}", file=sys.stderr, flush=True)
