"""Names of the Ruby engine that Tasker comes from, and what became of each.

A name that is told under the same name stands for itself. The docs' table is made from
this, and an error that meets one of the others says what to listen to instead.
"""

from __future__ import annotations

from collections.abc import Mapping

_SAME = (
    *("task.start_requested", "task.completed", "task.failed", "task.retry_requested"),
    *("task.cancelled", "task.resolved_manually", "step.execution_requested"),
    *("step.before_handle", "step.completed", "step.failed", "step.retry_requested"),
    *("step.cancelled", "step.resolved_manually", "workflow.viable_steps_discovered"),
    *("workflow.no_viable_steps", "workflow.steps_execution_started"),
    *("workflow.steps_execution_completed", "workflow.task_finalization_completed"),
    *("workflow.task_reenqueue_delayed", "workflow.task_reenqueue_requested"),
    *("observability.task.handle", "observability.step.handle", "observability.step.backoff"),
    *("observability.step.max_retries_reached", "observability.step.skip"),
    *("handler.registered", "handler.unregistered", "handler.validation_failed"),
    *("subscriber.registered", "subscriber.unregistered", "subscriber.validation_failed"),
    *("plugin.registered", "plugin.unregistered", "plugin.validation_failed"),
    *("tasker.telemetry.export_requested", "tasker.telemetry.export_completed"),
    *("tasker.telemetry.export_failed", "task.bottleneck_detected"),
)

_TWICE = "the same fact under a second name"
_BEFORE = "told before anything is durable, so of what may never happen"

FORMER: Mapping[str, tuple[str | None, str]] = {
    **{name: (name, "") for name in _SAME},
    "task.initialize_requested": ("task.created", "renamed: it tells that the task exists"),
    "task.before_transition": (None, _BEFORE),
    "task.started": ("task.start_requested", "a name of the guide that was never told"),
    "step.initialize_requested": ("task.created", "steps come with their task"),
    "step.handle": ("step.before_handle", _TWICE),
    "step.before_transition": (None, _BEFORE),
    "step.started": ("step.execution_requested", "a name of the guide that was never told"),
    "workflow.task_started": ("task.start_requested", _TWICE),
    "workflow.task_completed": ("task.completed", _TWICE),
    "workflow.task_failed": ("task.failed", _TWICE),
    "workflow.step_completed": ("step.completed", _TWICE),
    "workflow.step_failed": ("step.failed", _TWICE),
    "workflow.step_execution_failed": ("step.failed", _TWICE),
    "workflow.viable_steps_batch_ready": ("workflow.viable_steps_discovered", _TWICE),
    "workflow.orchestration_requested": ("task.created", _TWICE),
    "workflow.task_finalization_started": (
        "workflow.task_finalization_completed",
        "to come to rest is one decision: there is no time between its start and its end",
    ),
    "workflow.task_reenqueue_started": (
        "workflow.task_reenqueue_requested",
        "to let go of a task is one write",
    ),
    "workflow.task_reenqueue_failed": (None, "a task that cannot be let go of stays in memory"),
    "workflow.task_state_unclear": (None, "the rules leave no state unclear"),
    "observability.task.enqueue": ("task.created", _TWICE),
    "observability.task.finalize": ("workflow.task_finalization_completed", _TWICE),
    "observability.step.find_viable": ("workflow.viable_steps_discovered", _TWICE),
    "tasker.telemetry.cache_synced": (
        None,
        "metrics are of one process: nothing is synchronised",
    ),
    "tasker.telemetry.plugin_registered": ("plugin.registered", _TWICE),
    "tasker.telemetry.plugin_unregistered": ("plugin.unregistered", _TWICE),
    "registry.sync_requested": (None, "a registry is of one process: nothing is synchronised"),
    "registry.health_check": (None, "asking is no fact; `Registry.health` answers"),
    "registry.stats_collected": (None, "asking is no fact; `Registry.statistics` answers"),
    "registry.cross_discovery": (None, "registries do not look for each other"),
    "registry.coordination_complete": (None, "registries do not look for each other"),
}
"""Under each name what tells of that fact now, None when nothing does, and why."""
