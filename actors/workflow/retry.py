"""Whether a failed step is tried again, and when."""

from __future__ import annotations

import zlib

from tasker.actors.workflow.plan import Backoff, StepPlan
from tasker.stores.records import ErrorRecord, StepRecord


def attempts_left(step: StepPlan, record: StepRecord) -> int:
    """Return how many more attempts the step's limit allows, 0 or more.

    The limit counts executions. A step that is not retryable has one, whatever
    its limit; a permanent failure ends them. Attempts forgiven by a reset do not
    count.
    """
    if record.permanent:
        return 0
    limit = step.retry_limit if record.retry_limit is None else record.retry_limit
    if not step.retryable:
        limit = min(limit, 1)
    return max(0, limit - (record.attempts - record.forgiven))


def retry_delay(backoff: Backoff, error: ErrorRecord, *, failures: int, seed: str) -> float:
    """Return the seconds to wait before the next attempt.

    What the failing side asked for (``retry_after``) wins. Otherwise
    ``delays[failures - 1]`` while the list lasts, then ``failures ** exponent``,
    spread by up to ``jitter`` of itself either way. Either is at most
    ``max_seconds``, jitter included.

    Args:
        backoff: The delays.
        error: Why the attempt failed.
        failures: Failed attempts that count, this one included; from 1.
        seed: Decides the jitter, so that the same failure gives the same delay:
            a crash replays to the same plan, and tasks still spread.
    """
    if error.retry_after is not None:
        return min(max(error.retry_after, 0.0), backoff.max_seconds)
    if failures <= len(backoff.delays):
        delay = backoff.delays[failures - 1]
    else:
        delay = float(failures) ** backoff.exponent
    return min(delay * (1.0 + backoff.jitter * _spread(seed)), backoff.max_seconds)


def _spread(seed: str) -> float:
    """Return a number in [-1, 1] that depends on nothing but the seed."""
    return zlib.crc32(seed.encode()) / 0xFFFF_FFFF * 2.0 - 1.0
