"""Events of tasks: one for every change of a task's state, and one for bottlenecks.

Neither context nor results are in them: they may be large and private, and
`Engine.get` has them. ``task.failed`` has the error of the step that failed last.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tasker.events.event import (
    By,
    Count,
    ErrorClass,
    ErrorMessage,
    Reason,
    StepName,
    Steps,
    TaskEvent,
)

_Text = Annotated[str, Meta(description="As it was submitted.", examples=["web-shop"])]
_Duration = Annotated[
    float, Meta(description="Seconds from its first step to its end.", examples=[12.5])
]


class TaskCreated(TaskEvent, frozen=True, kw_only=True, gc=False):
    """A task was submitted, and is durable."""

    priority: Annotated[int, Meta(description="Higher goes first.", examples=[0])]
    initiator: _Text
    source_system: _Text
    reason: _Text
    tags: Annotated[tuple[str, ...], Meta(description="Its tags.", examples=[["night"]])]


class TaskStartRequested(TaskEvent, frozen=True, kw_only=True, gc=False):
    """A task begins to work: for the first time, or again after it had failed."""

    total_steps: Count
    queued_seconds: Annotated[
        float, Meta(description="Seconds since it was submitted.", examples=[0.004])
    ]


class TaskCompleted(TaskEvent, frozen=True, kw_only=True, gc=False):
    """Every step of a task is complete, or resolved."""

    total_steps: Count
    completed_steps: Count
    duration_seconds: _Duration


class TaskFailed(TaskEvent, frozen=True, kw_only=True, gc=False):
    """A task cannot go on: a step of it has failed for good, or it took too long."""

    total_steps: Count
    completed_steps: Count
    duration_seconds: _Duration
    failed_steps: Steps
    reason: Reason
    error_class: ErrorClass | None
    error_message: ErrorMessage | None


class _Asked(TaskEvent, frozen=True, kw_only=True, gc=False):
    by: By
    reason: Reason


class TaskRetryRequested(_Asked, frozen=True, kw_only=True, gc=False):
    """A task that had failed is to go on."""


class TaskCancelled(_Asked, frozen=True, kw_only=True, gc=False):
    """A task was cancelled."""

    total_steps: Count
    completed_steps: Count


class TaskResolvedManually(_Asked, frozen=True, kw_only=True, gc=False):
    """A task that had failed was taken as done by hand."""


class TaskPaused(_Asked, frozen=True, kw_only=True, gc=False):
    """A task was paused: no more of its steps start."""


class TaskResumed(_Asked, frozen=True, kw_only=True, gc=False):
    """A paused task goes on."""


class TaskBottleneckDetected(TaskEvent, frozen=True, kw_only=True, gc=False):
    """A step failed, or was cancelled, and much of its task depends on it."""

    step: StepName
    current_state: Annotated[str, Meta(description="The step's state.", examples=["error"])]
    attempts: Count
    retry_limit: Annotated[
        int, Meta(description="How many attempts there may be, the first included.", examples=[3])
    ]
    downstream_steps_count: Annotated[
        int, Meta(description="Steps that depend on it, directly or not.", examples=[4])
    ]
    blocked_downstream_count: Annotated[
        int, Meta(description="Those of them that wait.", examples=[4])
    ]
    impact_score: Annotated[int, Meta(description="By the weights of the analysis.", examples=[83])]
    severity: Annotated[
        Literal["Critical", "High"],
        Meta(description="By the thresholds of the analysis.", examples=["High"]),
    ]
    bottleneck_type: Annotated[
        str, Meta(description="What holds the task up.", examples=["Permanent Failure"])
    ]
    resolution_strategy: Annotated[
        str, Meta(description="What to do about it.", examples=["Manual intervention required"])
    ]
