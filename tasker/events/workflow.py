"""Events of the workflow as a whole: what follows from one decision of a task's supervisor."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tasker.events.event import Count, Steps, TaskEvent

_State = Annotated[str, Meta(description="The state that it ended in.", examples=["complete"])]
_ReEnqueue = Annotated[
    Literal["retry_backoff", "handed_back"],
    Meta(
        description="A step waits for its retry; or the engine shuts down, or starts no steps.",
        examples=["retry_backoff"],
    ),
]
_Word = Annotated[str, Meta(description="As in `TaskView.status`.", examples=["all_complete"])]


class WorkflowViableStepsDiscovered(TaskEvent, frozen=True, kw_only=True, gc=False):
    """Steps may start: what they depend on is done, or they are to be tried again."""

    steps: Steps
    step_count: Count


class WorkflowNoViableSteps(TaskEvent, frozen=True, kw_only=True, gc=False):
    """Nothing of a task that is in progress runs or may start: it waits for retries."""

    waiting_steps: Steps
    blocked_steps: Steps


class WorkflowStepsExecutionStarted(TaskEvent, frozen=True, kw_only=True, gc=False):
    """Attempts begin, all recorded by one commit."""

    steps: Steps
    step_count: Count


class WorkflowStepsExecutionCompleted(TaskEvent, frozen=True, kw_only=True, gc=False):
    """Attempts ended, all recorded by one commit."""

    processed_count: Count
    successful_count: Count
    failed_count: Count


class WorkflowTaskFinalizationCompleted(TaskEvent, frozen=True, kw_only=True, gc=False):
    """A task came to rest, however it ended, with the figures of its steps."""

    final_state: _State
    total_steps: Count
    pending_steps: Count
    completed_steps: Count
    failed_steps: Count
    cancelled_steps: Count
    completion_percentage: Annotated[float, Meta(description="0 to 100.", examples=[100.0])]
    execution_status: _Word
    health_status: _Word
    recommended_action: _Word


class WorkflowTaskReenqueueDelayed(TaskEvent, frozen=True, kw_only=True, gc=False):
    """A task left memory; it waits in the store until its time comes."""

    reason: _ReEnqueue
    delay_seconds: Annotated[float, Meta(description="Seconds to wait.", examples=[16.0])]
    scheduled_for: Annotated[
        float, Meta(description="When it is due, Unix seconds.", examples=[1_764_000_016.25])
    ]


class WorkflowTaskReenqueueRequested(TaskEvent, frozen=True, kw_only=True, gc=False):
    """A task left memory; whoever works the store next goes on with it."""

    reason: _ReEnqueue
