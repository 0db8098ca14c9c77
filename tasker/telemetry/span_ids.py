"""Ids of traces and spans, worked out from what a task is.

Every process that works a task comes to the same ids, so that spans made in several of
them belong to one trace: nothing has to be kept for that, and nothing handed over.
"""

from __future__ import annotations

from hashlib import blake2b

TRACE_ID_BYTES = 16
SPAN_ID_BYTES = 8


def trace_id_of(task_id: str) -> int:
    """Return the id of a task's trace.

    Not the bits of the task's id itself: those of a UUID are not spread evenly, and
    samplers that keep a part of all traces go by the lower half of the id.
    """
    return _hashed(task_id, TRACE_ID_BYTES)


def run_span_id(task_id: str, started_at: float | None) -> int:
    """Return the id of the span of a task's run.

    Args:
        task_id: The task.
        started_at: When work began: anew when a failed task is retried, which is another
            run with a span of its own. None for a task that never began.
    """
    began = "" if started_at is None else started_at.hex()
    return _hashed(f"{task_id}\n{began}", SPAN_ID_BYTES)


def attempt_span_id(task_id: str, step: str, attempt: int) -> int:
    """Return the id of the span of a step's attempt, counted from 1."""
    return _hashed(f"{task_id}\n{step}\n{attempt}", SPAN_ID_BYTES)


def _hashed(text: str, size: int) -> int:
    digest = blake2b(text.encode(), digest_size=size, person=b"tasker-span").digest()
    return int.from_bytes(digest, "big") or 1  # zero would be no id
