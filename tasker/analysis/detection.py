"""What is told when a bottleneck appears."""

from __future__ import annotations

from msgspec import Struct

from tasker.actors.workflow.state import WorkflowState
from tasker.analysis.bottlenecks import Bottleneck, ranked_bottlenecks
from tasker.analysis.config import DEFAULTS, AnalysisConfig, Severity
from tasker.analysis.facts import TaskFacts
from tasker.analysis.shape import Shape
from tasker.stores.records import StepState

_ORDER = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


class BottleneckDetected(Struct, frozen=True, kw_only=True):
    """What is told of a bottleneck when it appears: the payload of ``task.bottleneck_detected``.

    ``at`` is in Unix seconds. The other fields are those of `Bottleneck`.
    """

    task_id: str
    namespace: str
    task_name: str
    version: str
    step: str
    at: float
    current_state: StepState
    attempts: int
    retry_limit: int
    downstream_steps_count: int
    blocked_downstream_count: int
    impact_score: int
    severity: Severity
    bottleneck_type: str
    resolution_strategy: str


def detect_bottlenecks(
    state: WorkflowState,
    now: float,
    *,
    config: AnalysisConfig = DEFAULTS,
    least: Severity = Severity.HIGH,
    shape: Shape | None = None,
) -> tuple[BottleneckDetected, ...]:
    """Return the bottlenecks of a live task that are at least so severe, the worst first.

    It is a pure function of the state: whoever publishes compares with what it told
    before. It takes some milliseconds for each thousand steps, most of them for the
    shape, which all tasks of one plan share.

    Args:
        state: The task; it is only read.
        now: Unix seconds.
        config: The weights.
        least: The least severity that is returned.
        shape: ``Shape`` of the task's plan, from a caller who keeps it; made when None.
    """
    allowed = _ORDER[: _ORDER.index(least) + 1]
    task = state.task
    return tuple(
        BottleneckDetected(
            task_id=task.task_id,
            namespace=task.namespace,
            task_name=task.name,
            version=task.version,
            at=now,
            **{name: getattr(each, name) for name in _SHARED},
        )
        for each in ranked_bottlenecks(TaskFacts.of(state, now, shape), config)
        if each.severity in allowed
    )


_SHARED = tuple(
    name for name in BottleneckDetected.__struct_fields__ if name in Bottleneck.__struct_fields__
)
