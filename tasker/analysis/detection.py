"""Which bottlenecks of a task are severe enough to be told of."""

from __future__ import annotations

from tasker.actors.workflow.state import WorkflowState
from tasker.analysis.bottlenecks import Bottleneck, ranked_bottlenecks
from tasker.analysis.config import DEFAULTS, AnalysisConfig, Severity
from tasker.analysis.facts import TaskFacts
from tasker.analysis.shape import Shape

_ORDER = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


def detect_bottlenecks(
    state: WorkflowState,
    now: float,
    *,
    config: AnalysisConfig = DEFAULTS,
    least: Severity = Severity.HIGH,
    shape: Shape | None = None,
) -> tuple[Bottleneck, ...]:
    """Return the bottlenecks of a live task that are at least so severe, the worst first.

    It is a pure function of the state. It takes some milliseconds for each thousand steps,
    most of them for the shape, which all tasks of one plan share.

    Args:
        state: The task; it is only read.
        now: Unix seconds.
        config: The weights.
        least: The least severity that is returned.
        shape: ``Shape`` of the task's plan, from a caller who keeps it; made when None.
    """
    allowed = _ORDER[: _ORDER.index(least) + 1]
    return tuple(
        each
        for each in ranked_bottlenecks(TaskFacts.of(state, now, shape), config)
        if each.severity in allowed
    )
