"""Telling a cancellation from an exception that only looks like one."""

from __future__ import annotations

import asyncio
import math

import anyio


def was_cancelled() -> bool:
    """Whether the current task is being cancelled.

    Tells a cancellation from a `CancelledError` that somebody's code raised by itself.
    """
    task = asyncio.current_task()
    asked = task is not None and task.cancelling() > 0
    return asked or anyio.current_effective_deadline() == -math.inf
