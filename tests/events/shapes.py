"""What six shapes of a task's life tell: everything, in order, nothing twice."""

BEGUN = [
    "task.created",
    "task.start_requested",
    "step.execution_requested first#1",
    "workflow.viable_steps_discovered",
    "workflow.steps_execution_started",
    "step.before_handle first#1",
]

SECOND_RUNS = [
    "step.execution_requested second#1",
    "workflow.steps_execution_completed",
    "workflow.viable_steps_discovered",
    "workflow.steps_execution_started",
    "step.before_handle second#1",
    "observability.step.handle second#1",
]

COMPLETED = [
    "step.completed second#1",
    "task.completed",
    "workflow.steps_execution_completed",
    "workflow.task_finalization_completed",
]

HAPPY = [
    *BEGUN,
    "observability.step.handle first#1",
    "step.completed first#1",
    *SECOND_RUNS,
    *COMPLETED,
]

FAILED_ONCE = [
    *[each.replace("first", "work") for each in BEGUN],
    "observability.step.handle work#1",
    "step.failed work#1",
    "observability.step.backoff work#1",
    "workflow.steps_execution_completed",
    "workflow.no_viable_steps",
    # It leaves memory for the five seconds that it waits, and comes back.
    "workflow.task_reenqueue_delayed",
    "observability.task.handle",
    "step.retry_requested work#1",
    "step.execution_requested work#2",
    "workflow.viable_steps_discovered",
    "workflow.steps_execution_started",
    "step.before_handle work#2",
    "observability.step.handle work#2",
]

RETRIED = [
    *FAILED_ONCE,
    "step.completed work#2",
    "task.completed",
    "workflow.steps_execution_completed",
    "workflow.task_finalization_completed",
]

EXHAUSTED = [
    *FAILED_ONCE,
    "step.failed work#2",
    "observability.step.max_retries_reached work#2",
    "task.failed",
    "workflow.steps_execution_completed",
    "workflow.task_finalization_completed",
]

CANCELLED = [
    *BEGUN,
    "step.cancelled first#1",
    "step.cancelled second#0",
    "task.cancelled",
    "workflow.task_finalization_completed",
    # The handler hears of it after it is durable.
    "observability.step.handle first#1",
]

PAUSED = [
    *BEGUN,
    "task.paused",
    "observability.step.handle first#1",
    "step.completed first#1",
    "workflow.steps_execution_completed",
    # With nothing left to run it leaves memory; the resume has it loaded.
    "observability.task.handle",
    "task.resumed",
    "step.execution_requested second#1",
    "workflow.viable_steps_discovered",
    "workflow.steps_execution_started",
    "step.before_handle second#1",
    "observability.step.handle second#1",
    *COMPLETED,
]

KILLED = BEGUN
"""What the process tells that is killed while the first step runs."""

RECOVERED = [
    "observability.task.handle",
    "step.failed first#1",
    "observability.step.backoff first#1",
    "workflow.steps_execution_completed",
    "workflow.no_viable_steps",
    "step.retry_requested first#1",
    "step.execution_requested first#2",
    "workflow.viable_steps_discovered",
    "workflow.steps_execution_started",
    "step.before_handle first#2",
    "observability.step.handle first#2",
    "step.completed first#2",
    *SECOND_RUNS,
    *COMPLETED,
]
"""What the process tells that goes on with it."""
