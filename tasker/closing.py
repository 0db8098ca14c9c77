"""What fails while an engine closes, when something else has failed before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasker.telemetry.engine_log import logger


@contextmanager
def told_only() -> Iterator[None]:
    """Log an error instead of raising it.

    For what is done on the way out of a block that ended by an exception or a
    cancellation: the caller has to see that one. Cancellation passes.
    """
    try:
        yield
    except Exception as failure:
        logger.error("closing the engine failed: %s", failure, exc_info=failure)
