"""Events of steps: one for every change of a step's state, and one before the handler runs."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tasker.events.event import By, Count, ErrorClass, ErrorMessage, Reason, StepEvent, Steps

Handler = Annotated[
    str, Meta(description="The handler's reference.", examples=["shop.payments:Charge"])
]
Executor = Annotated[
    Literal["loop", "thread", "process"],
    Meta(description="Where it runs.", examples=["loop"]),
]
Queued = Annotated[
    float | None,
    Meta(
        description="Seconds from when it could have begun to when it did: the wait for a permit.",
        examples=[0.002],
    ),
]
Duration = Annotated[
    float | None,
    Meta(description="Seconds from the attempt's start, as recorded, to its end.", examples=[0.25]),
]
RetryLimit = Annotated[
    int, Meta(description="How many attempts there may be, the first included.", examples=[3])
]


class StepExecutionRequested(StepEvent, frozen=True, kw_only=True, gc=False):
    """An attempt is recorded as begun; its handler is called next."""

    retry_limit: RetryLimit
    queued_seconds: Queued
    depends_on: Steps


class StepBeforeHandle(StepEvent, frozen=True, kw_only=True, gc=False):
    """The handler is about to be called."""

    handler: Handler
    executor: Executor


class StepCompleted(StepEvent, frozen=True, kw_only=True, gc=False):
    """An attempt succeeded, and its results are durable."""

    retry_limit: RetryLimit
    queued_seconds: Queued
    duration_seconds: Duration


class StepFailed(StepEvent, frozen=True, kw_only=True, gc=False):
    """An attempt failed, timed out or was lost. ``retry_at`` says whether that was final."""

    retry_limit: RetryLimit
    duration_seconds: Duration
    error_class: ErrorClass
    error_message: ErrorMessage
    error_code: Annotated[
        str | None, Meta(description="The code that the handler gave.", examples=["DECLINED"])
    ]
    permanent: Annotated[bool, Meta(description="Whether no retry can help.", examples=[False])]
    retry_at: Annotated[
        float | None,
        Meta(
            description="When the next attempt is due, Unix seconds; null when there is none.",
            examples=[1_764_000_002.25],
        ),
    ]
    backtrace: Annotated[
        tuple[str, ...],
        Meta(
            description="The last frames, as text, without secrets.",
            examples=[["shop/payments.py:12 in charge"]],
        ),
    ]


class StepRetryRequested(StepEvent, frozen=True, kw_only=True, gc=False):
    """A failed step is to be tried again now: its backoff is over, or somebody asked for it."""

    by: By
    reason: Reason
    previous_attempts: Count


class StepCancelled(StepEvent, frozen=True, kw_only=True, gc=False):
    """A step was cancelled, alone or with its task."""

    by: By
    reason: Reason


class StepResolvedManually(StepEvent, frozen=True, kw_only=True, gc=False):
    """A step was taken as done without being run: by hand, or by a request that bypassed it."""

    by: By
    reason: Reason
