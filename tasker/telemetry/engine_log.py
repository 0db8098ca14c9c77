"""The logger of the engine's own parts, which no log can harm."""

from __future__ import annotations

import logging
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any


class EngineLogger(logging.LoggerAdapter[logging.Logger]):
    """Logs to ``tasker``; what the application's filters and formatters raise stays here.

    A line is written in the middle of a commit, of a decision's effects, of closing: the
    caller has something better to do than to fail for it. As with `logging.Handler`, the
    failure goes to the standard error output, unless ``logging.raiseExceptions`` is off.
    """

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Return both as they are: a line has facts of its own."""
        return msg, kwargs

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log, and never raise."""
        try:
            # The line is the caller's, not this one.
            kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
            self.logger.log(level, msg, *args, **kwargs)
        except Exception:
            if logging.raiseExceptions:
                with suppress(Exception):
                    traceback.print_exc()


logger = EngineLogger(logging.getLogger("tasker"))
