"""Events for those who look after the engine rather than after one task."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tasker.events.event import (
    Count,
    ErrorClass,
    ErrorMessage,
    Seconds,
    StepEvent,
    Steps,
    TaskEvent,
)
from tasker.events.step import Executor, Handler, RetryLimit


class ObservabilityTaskHandle(TaskEvent, frozen=True, kw_only=True, gc=False):
    """A task was taken up from the store: after a wait, a restart, or for an operation."""

    state: Annotated[str, Meta(description="The state it is in.", examples=["in_progress"])]
    interrupted_steps: Steps


class ObservabilityStepHandle(StepEvent, frozen=True, kw_only=True, gc=False):
    """The handler has ended; its outcome is not recorded yet, and may never be."""

    handler: Handler
    executor: Executor
    outcome: Annotated[
        Literal["succeeded", "failed", "cancelled"],
        Meta(description="How it ended.", examples=["succeeded"]),
    ]
    duration_seconds: Seconds
    error_class: ErrorClass | None


class ObservabilityStepBackoff(StepEvent, frozen=True, kw_only=True, gc=False):
    """A failed step waits before it is tried again."""

    backoff_seconds: Seconds
    retry_at: Annotated[
        float,
        Meta(description="When the wait is over, Unix seconds.", examples=[1_764_000_002.25]),
    ]
    backoff_type: Annotated[
        Literal["exponential", "server_requested"],
        Meta(
            description="By the engine's backoff, or by what the failing side asked for.",
            examples=["exponential"],
        ),
    ]
    error_class: ErrorClass


class ObservabilityStepMaxRetriesReached(StepEvent, frozen=True, kw_only=True, gc=False):
    """A step failed, and has no attempts left."""

    attempts: Count
    retry_limit: RetryLimit
    error_class: ErrorClass
    error_message: ErrorMessage


class ObservabilityStepSkip(StepEvent, frozen=True, kw_only=True, gc=False):
    """A step is left out, as the request asked for."""
