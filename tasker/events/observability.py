"""Events for those who look after the engine rather than after one task."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tasker.events.event import (
    Count,
    ErrorClass,
    ErrorMessage,
    Event,
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


class ObservabilityEngineHealthChanged(Event, frozen=True, kw_only=True, gc=False):
    """The store failed, and work stands still; or it can be written to again."""

    healthy: Annotated[bool, Meta(description="Whether work goes on.", examples=[False])]
    trouble: Annotated[
        str | None, Meta(description="Why it does not.", examples=["the disk is full"])
    ]


class ObservabilityEngineReadyChanged(Event, frozen=True, kw_only=True, gc=False):
    """Somebody asked whether the engine is ready, and the answer is not what it last was."""

    ready: Annotated[bool, Meta(description="Whether it can take work.", examples=[False])]
    failed_checks: Annotated[
        tuple[str, ...], Meta(description="The checks that failed.", examples=[["store"]])
    ]
    message: Annotated[
        str,
        Meta(
            description="What is wrong, without secrets; ready when nothing is.",
            examples=["store: no answer within 5 s"],
        ),
    ]


class ObservabilityEngineLimitChanged(Event, frozen=True, kw_only=True, gc=False):
    """The limit of steps that run at once has moved with the pressure."""

    before: Annotated[int, Meta(description="What it was.", examples=[100])]
    after: Annotated[int, Meta(description="What it is.", examples=[80])]
    pressure: Annotated[
        Literal["low", "moderate", "high", "critical"],
        Meta(description="Of the greatest load.", examples=["high"]),
    ]
    loads: Annotated[
        dict[str, float],
        Meta(
            description="By part, 1 at the most that it should have.",
            examples=[{"journal": 0.75, "loop": 0.1, "store": 0.2}],
        ),
    ]
